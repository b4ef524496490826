//! What things do and do not do: faults, results, surroundings, wishes, questions.

/// Concept and its entries.
pub const CONCEPTS: &[(&str, &str)] = &[
    (
        "malfunction",
        "bug; bugs; buggy; broken; break; breaks; broke; breaking; crash*; fail*; freez*; frozen; froze; \
        hang; hangs; hanging; hung; stuck; glitch*; malfunction*; unrespons*; unreach*; defect*; corrupt*; \
        flak*; garbled; stall*; unstable; unusable; regress*; faulty; dead; outage*; incident*; kaputt; \
        defekt; absturz; abgestürzt; störung; ausfall; panne; plante; cassé; bloque; fallo; falla; roto; \
        guasto; rotto; quebrado; kapot; awaria; hängt; misbehav*; acting up; acting weird; acts up; \
        screwed up; messed up; goes crazy; gone wrong; goes wrong; is down; are down; went down; goes down; \
        be down; seems down; was down; been down; still down; breaks down; gives up; shuts off; restarts; \
        reboots; rebooting; loops; looping; infinite loop; endless loop; spams; floods; drains; draining; \
        overheats; kills my; kills the; hiccup*; trouble; unrecover*; offline; unavailable; went dark; \
        blackout; no signal; no sound; no audio; no picture; no video; grey; greyed; grayed; black screen; \
        white screen; blue screen; white page; grey box; blank page; unclickable; cant click; cant type; \
        cant scroll; cant select; cant drag; cant print; cant scan; cant play; cant finish; cant submit; \
        cant send; cant delete; cant edit; cant import; cant load; cant see any; cant see the",
    ),
    (
        "error",
        "error*; exception*; traceback*; stacktrace*; stack trace; warning*; timeout*; timed out; times out; \
        timing out; 400; 404; 405; 409; 422; 429; 500; 501; 502; 503; 504; 500s; 502s; 503s; 504s; bad gateway; \
        internal server; exit code; status code; undefined; null; nan; typeerror; segfault; unexpected; refused; \
        rejected; something went wrong; fehler*; erreur*; errore; errori; erro; erros; fout*; foutmelding; błąd; \
        ошибк*; hata; invalid; mismatch; unable to connect; connection reset; connection lost; disconnect*; \
        certificate; log shows; logs show; console",
    ),
    (
        "not_doing",
        "doesnt work; dont work; not work; not working; isnt working; arent working; wont work; didnt work; \
        stopped working; no longer work*; cant get it to; doesnt do; does nothing; nothing happens; \
        no effect; doesnt load; wont load; not load*; doesnt open; wont open; not open*; cant open; \
        cannot open; doesnt show; dont show; not show*; wont show; doesnt appear; dont appear; not appear*; \
        doesnt save; wont save; not sav*; cant save; doesnt update; not updat*; wont update; dont update; \
        doesnt sync; not sync*; wont sync; dont sync; not send*; doesnt send; wont send; not sent; \
        doesnt respond; not respond*; wont start; doesnt start; not start*; doesnt match; dont match; \
        not match*; doesnt print; wont print; doesnt play; wont play; cant upload; cannot upload; \
        wont upload; cant download; cannot download; cant connect; wont connect; doesnt connect; \
        cant import; cant export; doesnt trigger; not trigger*; not fire; not firing; doesnt fire; \
        doesnt run; wont run; not run*; never arrive*; never sent; never went; never show*; never finish*; \
        never load*; never complete*; not render*; doesnt render; not refresh*; doesnt refresh; not scroll*; \
        not deliver*; not arriv*; not receiv*; not visible; not generat*; not process*; not reflected; \
        funktioniert nicht; geht nicht; klappt nicht; lädt nicht; ne marche pas; ne fonctionne pas; \
        marche plus; no funciona; no carga; non funziona; não funciona; werkt niet; nie działa; не работает; \
        çalışmıyor; refuses to; cant seem to; never comes; never came; never updates; never fires; \
        never runs; never triggers; didnt go through; did not go through; didnt arrive; did not arrive; \
        didnt save; didnt send; didnt update; didnt show; does not show; does not load; does not open; \
        does not save; does not send; does not update; does not sync; does not match; does not respond; \
        does not start; does not appear; does not print; do not show; do not load; do not work; do not sync; \
        do not match; did not work; stopped sending; stopped syncing; stopped updating; stopped responding; \
        stopped showing; stopped loading; stopped receiving; not going through; not coming through; \
        not counted; not recognized; not recognised; not detected; not available; not applied; \
        not clickable; not possible anymore; only shows; only half; only part; half of the; nothing shows; \
        nothing comes; no longer shows; no longer opens; no longer loads; no longer syncs",
    ),
    (
        "wrong_result",
        "wrong; incorrect*; inaccurate; missing; disappear*; vanish*; gone; lost; loses; losing; lose; blank; \
        empty; duplicat*; twice; double; doubled; off by; mixed up; mismatched; misaligned; overlap*; \
        distorted; choppy; truncated; cut off; cuts off; overwritten; overwrites; resets itself; reverts; \
        reverted; jumps; flicker*; random; randomly; weird; strange; strangely; odd; garbage; zero; \
        instead of; wiped; skipped; skips; dropped; drops; silently; ignores; ignored; inverted; outdated; \
        stale; all over the place; add up; adds up; even though; even when; although; should be; \
        should have been; supposed to; but it; but the; but when; but we; but nothing; but no; falsch; \
        fehlt; fehlen; leer; doppelt; incorrecto; manquant; sbagliato; snaps back; jumps back; goes back to; \
        falls back; comes back; come back; came back; reappear*; comes out; come out; came out; ends up; \
        turns into; shows up as; show up as; shown as; appears as; counted as; treated as; stays on; \
        negative; too high; too low; too many; too few; too early; too late; hours off; hour off; \
        minutes off; a day off; one day off; off by one; wrong day; wrong date; wrong time; wrong order; \
        out of order; out of sync; not in sync; shifted; swapped; reversed; upside down; cropped; stretched; \
        blurry; pixelated; unreadable; gibberish; question marks; placeholder*; boxes instead; squares; \
        characters; umlaut*; encoding; emoji in; forgets; forgotten settings; loses the; lost the; lost all; \
        lost my; gets lost; got lost; got deleted; were deleted; was deleted; hole; gap; gaps; stuck at; \
        frozen at; same item; three times; multiple times; several times; each twice; twice a; every second; \
        sums; totals; total is; dont match; doesnt match; mismatching; leaks; ghost; phantom; orphan*; \
        shows old; shows the old; old data; yesterdays data; last weeks; still shows; still says; \
        still there; already; despite; except; even if; without any; for no reason; by itself; on its own",
    ),
    (
        "slowness",
        "slow; slower; slowly; lag; lags; laggy; lagging; latency; takes forever; taking forever; takes ages; \
        taking ages; loading; spinning; spinner; spins; performance; delay*; sluggish; langsam; lent; lente; \
        lento; minutes to load; seconds to load; takes minutes; so long to load; buffer*; throttl*; \
        hours behind; backlog",
    ),
    (
        "onset",
        "since; suddenly; anymore; any more; stopped; used to; worked yesterday; worked fine; worked before; \
        was working; was fine; all of a sudden; since yesterday; since this; since the; after the update; \
        after update; after updating; after upgrading; after the latest; after the release; \
        after yesterdays; latest version; latest release; latest update; new version; new release; keeps; \
        keep getting; keeps on; again and again; sometimes; intermittent*; occasionally; every time; always; \
        constantly; repeatedly; now and then; over and over; today; this morning; overnight; last night; \
        right now; seit; depuis; desde; plötzlich; as of today; as of this; as of yesterday; starting today; \
        started today; started yesterday; began; new since; ever since; since monday; since tuesday; \
        since wednesday; since thursday; since friday; since saturday; since sunday; since last; \
        since upgrading; since updating; upgraded to; updated to; in the new; with the new; after the new; \
        last time; previously; earlier; before the update; it was fine; until yesterday; until today; \
        until last; out of nowhere; once in a while; half the time; most of the time; from time to time; \
        on and off; at random; each time; whenever; when i click; when i try; when i open; when i press; \
        when we try; when we click; if i click; if i open; trying to",
    ),
    (
        "see",
        "seeing; see an; getting an; getting a; gives me; gives us; throws; throwing; returns; returning; shows; \
        showing; displays; displaying; says; saying; reports; it says; tells me; stays; remains; hitting; \
        reproduc*; steps to; screenshot*; repro; workaround; on our side; on your side; on our end; on your end",
    ),
    (
        "platform",
        "safari; chrome; firefox; edge; browser*; ios; ipad*; iphone*; android; windows; mac; macos; macbook; \
        linux; ubuntu; pixel; samsung; tablet*; laptop*; desktop; mobile; phone; web version; browser version; \
        device*; incognito; cache; cookies; app; apps; version; build; sdk; python; node; java; javascript; \
        typescript; react; docker; kubernetes; php; ruby; golang",
    ),
    (
        "part",
        "button*; page*; screen*; menu*; tab; tabs; sidebar; form*; field*; column*; row; rows; table*; list; \
        lists; view; filter*; search*; editor; dashboard*; report; reports; chart*; graph*; widget*; map; \
        calendar*; notification*; reminder*; email*; template*; file*; folder*; attachment*; image*; photo*; \
        picture*; video*; audio; sound; recording*; pdf; csv; excel; spreadsheet*; document*; link*; icon*; \
        label*; tag; tags; comment*; import*; export*; upload*; download*; sync*; integration*; plugin*; \
        extension*; record*; entry; entries; item*; project*; task*; board*; shift*; schedule*; event*; \
        contact*; campaign*; pipeline*; workflow*; automation*; order*; product*; inventory; feed; queue*; \
        ticket*; message*; chat*; call; calls; meeting*",
    ),
    (
        "technical",
        "api; apis; webhook*; endpoint*; request*; response*; payload*; json; xml; header*; token*; key; keys; \
        sdk; cli; server*; database*; query; queries; script*; deploy*; runner*; log; logs; dns; domain*; \
        subdomain*; ip; ips; ssl; tls; https; smtp; cron; job; jobs; repo*; branch*; commit*; git; github; \
        gitlab; config*; environment*; variable*; cluster*; node; container*; rate limit*; cdn; proxy; firewall; \
        port; host; hosting; region; backup*; migration*; schema; parameter*; argument*; syntax; regex; \
        function*; method*; library",
    ),
    (
        "how",
        "how do; how does; how can; how would; how should; how could; how to; how is; how are; how did; \
        how will; how exactly; how it works; how this works; how that works; how you; how the; wie kann; \
        wie geht; wie funktioniert; wie mache; comment faire; comment puis; comment on; cómo puedo; cómo se; \
        come posso; come faccio; como posso; como faço; hoe kan; hoe moet; jak zrobić; как сделать; como; \
        cómo; hoe; wie; how i; how we; how long; how often; how much time; is there documentation; \
        whats the best; what is the best; whats the way; what is the way; whats the right; is there any; \
        do i; do we; should i; should we; do you guys; can someone tell; can anyone tell; could you tell; \
        can you tell; tell me; can someone explain; can you explain; could you explain; able to tell; \
        know where; know what; know why; know how",
    ),
    (
        "where",
        "where is; where are; where do; where can; where to; where does; where should; wheres; where i; \
        cant find; couldnt find; cannot find; can not find; dont find; dont see where; find out; look for; \
        looking for; locate; wo finde; wo kann; où; dónde; dove; onde",
    ),
    (
        "what",
        "what is; whats; what are; what does; what do; what happens; what would happen; what kind; what type; \
        what format; what exactly; what do you; which; which of; when does; when do; when is; when will; why is; \
        why are; why does; why do; why did; why was; why were; what if; was ist; welche; quelle; quel; qué; \
        quale; qual",
    ),
    (
        "how_much_of",
        "how many; how long; how often; how far; how big; how large; how soon; how fast; maximum; max; minimum; \
        limit; limits; limited; size; up to; per day; per hour; per minute; per second",
    ),
    (
        "explain",
        "explain*; explanation; clarif*; docs; doc; documentation; documented; guide; guides; tutorial*; \
        manual; example*; sample; instruction*; step by step; walk me; walk us; walkthrough; faq; \
        help center; help centre; help article; knowledge base; article; point me; recommended; \
        best practice*; best way; right way; proper way; correct way; difference; differ; differs; versus; \
        vs; meaning; mean; means; understand; understanding; figure out; figuring out; learn; confused; \
        confusing; not sure how; not sure what; not sure if; wondering; wonder; curious; question*; quick q; \
        noob; newbie; know how; know if; know whether; tips; advice; erklär*; anleitung; frage; fragen; \
        pregunta; duda; domanda; dúvida; pergunta; vraag; pytanie; вопрос; soru; calculated; calculate; \
        counts as; count as; counted; considered; defined; definition; formula; logic behind; purpose; \
        what for; trick; hint; pointers; pointer; reference; specs; specification; supported; \
        support format; format; formats; file types; browsers; limits for; retention; default; defaults; \
        by default; difference between; rule; rules; best; recommend; recommendation; recommendations; \
        suggest; possible values; work with; works with; how come; manually; from scratch; first time; \
        new to; just started; getting started; quick question; small question; general question; \
        short question; one question; another question; also",
    ),
    (
        "possible",
        "is it possible; possible to; is there a way; is there any way; any way to; a way to; way of; able to; \
        can i; can we; can you; can one; could i; could we; can it; can the; can a; does it; do you support; \
        do you have; does your; does the; do we need; do i need; do i have to; do we have to; is there; \
        are there; should i; should we; am i; are we; kann ich; kann man; können wir; gibt es; peut on; puis je; \
        puedo; podemos; posso; kan ik; kunnen we; mogę; можно ли; if i; if we",
    ),
    (
        "setting_up",
        "set up; setup; setting up; configur*; install*; enable; enabling; disable; disabling; turn on; turn off; \
        switch on; switch off; activate; connect; connecting; link my; integrate; integrating; import; \
        importing; export; exporting; create; creating; schedule; scheduling; add a; add my; change the; \
        change my; edit; customi*; rename; move; copy; share; sharing; assign; embed; track; trigger; test; \
        testing; rotate; split; merge; invite; restrict; automate; einrichten; configurer; configurar; \
        configurare; instellen",
    ),
    (
        "wish",
        "wish; wishes; wishing; wishlist; wish list; would be nice; would be great; would be cool; \
        would be good; would be awesome; would be helpful; would be useful; would be amazing; \
        would be handy; would be super; would be lovely; would be perfect; would be fantastic; \
        would really help; would help; would save; would make; would love; would like to be able; \
        would like to see; would like to have; would like the; itd be; thatd be; be nice if; be great if; \
        be cool if; be good to; be nice to; be great to; be cool to; be awesome to; be amazing to; \
        nice to have; id love; wed love; love to see; love to have; love it if; love if; id like to see; \
        id like to be able; wed like to be able; like to see; like to have; like the option; \
        like the ability; hope you; hoping; hopefully; hope for; dream; dreaming; desperately need; \
        really need; we really; much needed; wünsch*; wäre schön; wäre toll; wäre super; wäre gut; \
        wäre hilfreich; serait bien; serait super; ce serait; j aimerais; estaría bien; sería genial; \
        me gustaría; sarebbe bello; sarebbe utile; seria bom; seria ótimo; zou fijn; zou handig; zou mooi; \
        byłoby; было бы; ships; one thing missing; the only thing; help a lot; would be a; big win; \
        huge win; big help; huge help; great addition; nice addition; good addition; missing; we miss; \
        i miss; were missing; we are missing; lack; lacks; lacking; we could use; could use a; i could use; \
        make my life; make our life; save us; save me; saves hours; save hours; save time; saving us; \
        ideally; it would; that would; would appreciate; would welcome; would make it; would be better; \
        would be easier; would prefer; prefer; is there a chance; come with",
    ),
    (
        "ask_to_add",
        "please add; pls add; plz add; kindly add; can you add; could you add; can you guys add; \
        could you guys; can we get; could we get; can we have; could we have; can i get a; please make; \
        please support; please consider; please allow; please let; please bring; please implement; \
        please introduce; please include; add support; add a; add an; adding a; adding an; add the; \
        add more; adding support; support for; bring back; build a; make it possible; make it easier; \
        make the; make this; let us; let me; let users; let people; let admins; allow; allows; allowing; \
        should allow; should support; should be able; should let; should have; need a; need an; \
        need the ability; needs a; needs an; we need the; there should; could there be; can there be; \
        is there any plan; what about; how about; why not; why isnt there; why cant we; why is there no; \
        there is no; theres no; no way to; consider; considering adding; introduce; implement*; provide; \
        enhance*; improve; improvement*; extend; expand; bitte fügt; könntet ihr; ajouter; \
        pourriez vous ajouter; añadir; agregar; podrían; aggiungere; adicionar; toevoegen; could the; \
        can the; can there; could there; let the; be able to; being able to; possible to add; \
        possibility to; way to; give us; give us a; give users; offer a; offer an; have an option; \
        have a way; have the option; have the ability; show the; include the; include a; include an; \
        make them; make these; make those; more options; more flexible; configurable; customisable; \
        customizable; adjustable; resizable; editable; sortable; filterable; searchable; support multiple; \
        multiple; combine; connector; connectors; zapier; compatible; compatibility; version for; app for; \
        for linux; for android; for ios; in arabic; in spanish; in german; in french; in polish; language; \
        languages; translation; translated; localiz*; localis*; rtl",
    ),
    (
        "plans",
        "any plan*; any chance; any idea when; roadmap; road map; planned; plan to; plans to; plans for; \
        planning to; do you plan; are you planning; are you thinking; thinking about; thinking of; \
        on the horizon; upcoming; coming soon; in the works; in the pipeline; eta for; eta on; will you support; \
        will you add; when will you; when can we expect; will there be; is there going; support yet; \
        available yet; backlog; beta; early access; geplant; prévu; previsto",
    ),
    (
        "idea",
        "feature; features; feature request*; suggest*; suggestion*; idea; ideas; proposal; propose; \
        proposing; request; enhancement*; vote; voting; upvote; upvoting; my vote; votes; toggle; option; \
        options; ability; capability; functionality; functionalities; shortcut*; dark mode; dark theme; \
        night mode; bulk; native; custom; per project; per user; per team; small ask; quality of life; \
        missing feature; feature parity; vorschlag; sugerencia; suggerimento; sugestão; voorstel; \
        automatically; auto; instead of having; by hand; one by one; <num> by <num>; manually; \
        every single time; our users ask; users ask; customers ask; people ask; clients ask; \
        users keep asking; customers keep; people keep asking; users want; customers want; clients want; \
        competitor has; time saver; wish list; feature wish; wanted feature; most wanted; top request; \
        please vote; improvement idea; small improvement; tiny improvement; minor improvement; usability; \
        accessibility; night; shortcut; hotkey; hotkeys; group by; sort by; filter by; color code; \
        colour code; drag and drop; drag; undo; redo; autosave; auto save; pin; pinned; star; favorites; \
        favourites; duplicate a; clone; snooze; mass; batch; in bulk; select all; select multiple; \
        recurring; reminders; digest; weekly summary; daily summary; templates",
    ),
];
