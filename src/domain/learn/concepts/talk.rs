//! Talk that wants nothing of the desk, and the small words that shape a request.

/// Concept and its entries.
pub const CONCEPTS: &[(&str, &str)] = &[
    (
        "chatter",
        "hi; hello; hey; hiya; yo; morning; good morning; good night; good evening; good afternoon; bye; \
        goodbye; see you; see ya; cheers; thanks; thank; thx; ty; thank you; welcome; youre welcome; np; \
        no problem; no worries; lol; lmao; rofl; haha*; hehe; hah; omg; wow; ok; okay; k; kk; yes; yep; yup; \
        yeah; yea; no; nope; nah; sure; fine; cool; nice; nice one; alright; right; agreed; agree; exactly; \
        true; indeed; same; same here; me too; got it; gotcha; understood; noted; done; sounds good; \
        sounds great; looks good; lgtm; will do; on it; makes sense; fair enough; sorry; oops; my bad; \
        apologies; nvm; never mind; nevermind; ignore; please ignore; disregard; forget it; wrong channel; \
        wrong thread; wrong person; wrong chat; solved it; fixed it; figured it out; works now; that worked; \
        worked; all good; danke; merci; gracias; grazie; obrigad*; bedankt; спасибо; hallo; bonjour; hola; \
        ciao; olá; hmm; hm; uh; um; ah; oh; test; testing; ping; bump; +1; thumbsup; wave; pray; joy; beers; \
        👍; 🙏; 😂; 😄; 🎂; 👋; smile; smiley; slightly_smiling_face; sunglasses; thanks again; many thanks; \
        thanks all; thank you all; thanks everyone; thanks a lot; thank you so much; much appreciated; \
        appreciated; great thanks; perfect thanks; ok thanks; okay thanks; ok thank; cool thanks; \
        good point; good idea; good question; good one; of course; for sure; absolutely; definitely; \
        certainly; maybe; perhaps; not yet; not sure; i think so; i guess; i see; ah ok; oh ok; oh well; \
        whatever; anyway; btw; imo; imho; idk; tbd; eod; roger; copy that; check; checking; <num> sec; yw; \
        gg; rip; yay; woo; woohoo; hooray; phew; ugh; argh; testing testing; hello world; hello again; \
        hi again; hi all; hi everyone; hello everyone; hey all; hey guys; hey everyone; morning all; \
        good day; greetings; see you monday; see you tomorrow; see you there; see you later; talk soon; \
        speak soon; talk tomorrow; bye bye; take care",
    ),
    (
        "social",
        "lunch; dinner; breakfast; coffee; beer; drinks; party; birthday; holiday; holidays; vacation; \
        weekend; christmas; new year; easter; thanksgiving; halloween; anniversary; weather; rain; snow; \
        sunny; game; match; football; soccer; movie; film; song; music; joke; recipe; cook; cooking; \
        restaurant; traffic; flight; hotel; travel; trip; kids; baby; wedding; dog; cat; gym; tonight; \
        last night; happy friday; happy monday; congrats; congratulations; get well; good luck; have a good; \
        have a nice; have a great; enjoy; meme; gif; news; article; read; podcast; blog; interesting; \
        fun fact; cake; pizza; snack; snacks; tea; dinner at; lunch at; cheers to; happy birthday; \
        happy new; happy holidays; merry; welcome to the team; welcome aboard; new job; farewell; \
        last day at; party at; photo of; photos from; pictures from; funny; hilarious; cute; run; marathon; \
        ski; beach; concert; theater; theatre; show tonight; series; netflix; episode; playlist; bike; \
        cycling; tickets for; euro; world cup; champions",
    ),
    (
        "arrange",
        "meeting; meetings; meet; standup; stand up; call at; the call; join; joining; joined; joins; agenda; \
        invite for; calendar invite; reschedule; lets; move this; move it; moved to; push it; push to; \
        postpone; same time; tomorrow; tonight; later; soon; in a bit; in a minute; <num> min; running late; \
        late; on my way; brb; afk; ooo; out of office; off today; be back; back in; back at; back on; \
        on leave; sick; day off; monday; tuesday; wednesday; thursday; friday; saturday; sunday; next week; \
        this afternoon; this evening; am; pm; oclock; available; free at; slot; zoom; teams; google meet; \
        hangout; office; room; desk; who is; whos; anyone there; anyone around; are you there; is anyone; \
        following up; follow up; get back to; check and get; talk later; speak later; catch up; sync up; \
        ping me; dm me; dm; pm me; other thread; in the thread; to the thread; this thread; looping in; \
        loop in; cc; adding <usr>; fyi; heads up; for your information; reminder; introducing; \
        introduce myself; intro; my name is; im the; new here; project lead; handover; taking over; \
        hand over; in today; in the office; is out; is off; is in; at home; wfh; working from home; \
        commuting; stuck in traffic; train is late; on the train; on a call; in a meeting; in meetings; \
        skip; skipping; weekly; daily standup; retro; sprint; all hands; town hall; offsite; conference; \
        workshop tomorrow; next friday; next monday; next tuesday; next wednesday; next thursday; \
        this friday; this monday; dial in; dialing in; link for the meeting; meeting link; \
        invite link for the; who has; who wants; who can take; who takes; whos in; anyone up; up for; \
        covering; covers; cover for; covering for; fill in for; handing over; back tomorrow; back on monday; \
        back next week; will reply; will respond; will answer; will look; will have a look; have a look; \
        take a look later; look tomorrow; let me check; let me see; one moment; one sec; just a sec; \
        give me a; hold on; wait a; as said; as i said; see above; see below; see my; same as above; \
        continue here; moved here; wrong window; wrong tab; mistyped; typo sorry; sorry typo; deleted my; \
        please delete my message; sent to the wrong",
    ),
    (
        "advert",
        "seo; backlink*; guest post; link building; first page; rank your; website traffic; \
        business opportunity; investment; invest; crypto; bitcoin; whatsapp; telegram; click here; \
        limited time; guaranteed; hiring; we are hiring; job opening; vacancy; recruiter; apply now; \
        candidate*; resume; cv; earn money; make money; passive income; lottery; winner; prize; dear sir; \
        dear friend; kindly revert; outsourcing; web development services; our services; backlink; \
        offer you <num>; we can offer you; we offer; special price; small price; website design; \
        app development; developers for hire; virtual assistant; increase your sales; increase your traffic; \
        boost your; grow your business; leads for; lead generation; email list; cold; \
        partnership opportunity; collaboration opportunity; sponsored; influencer*; followers; likes for; \
        casino; loan offer; forex; giveaway; free iphone; congratulations you; won a; claim your; \
        urgent business; prince; transfer of funds; we are looking for a; open position; open positions; \
        referral bonus",
    ),
    (
        "sharing",
        "attached; attachment; screenshot incoming; here is; heres; heres the; here are; see attached; \
        as discussed; we talked about; link to; doc; deck; slides; minutes; notes; recap; summary; shared; \
        uploading; sent you; check this; look at this; <url>; sent you the; sent it; sending you; \
        sending it; forwarding; forwarded; by mail; by email; via mail; in the drive; on the drive; \
        google drive; dropbox link; onedrive; the deck; the slides; the notes; the doc; the document we; \
        the recording of; the link to; the file we; here you go; there you go; as promised; as requested; \
        attached is; attaching; see screenshot; screenshot",
    ),
    (
        "polite_request",
        "please; pls; plz; kindly; could you; can you; would you; will you; could someone; can someone; \
        need you to; i need; we need; id like; wed like; i would like; we would like; i want; we want; want to; \
        need to; like to; looking to; trying to; bitte; s il vous plaît; por favor; per favore; alstublieft; \
        proszę; пожалуйста; lütfen; can u; could u; request",
    ),
    (
        "urgency",
        "urgent*; asap; immediately; right away; right now; emergency; critical; blocker; blocking; quickly; \
        as soon as; deadline; p0; p1; sev1; now; today; in an hour; production; prod; all users; all our; \
        customers are; dringend; sofort; urgence; urgente; pilne; срочно; acil",
    ),
    (
        "denial",
        "not; no; never; cant; cannot; dont; doesnt; didnt; wont; isnt; arent; wasnt; werent; hasnt; havent; \
        hadnt; couldnt; wouldnt; shouldnt; nothing; none; without; unable; neither; nicht; kein; keine; pas; ne; \
        non; não; niet; geen; nie; не; нет",
    ),
    (
        "us",
        "we; our; us; were; weve; wed; well; ours; wir; uns; unser*; nous; notre; nos; nuestro*; noi; nostro; \
        nosso*; wij; ons; onze",
    ),
    (
        "me",
        "i; my; me; im; ive; id; ill; mine; myself; ich; mein*; mich; mir; je; mon; ma; mes; mi; yo; io; mio; \
        mia; eu; meu; minha; ik; mijn",
    ),
    (
        "you",
        "you; your; youre; youve; yours; you guys; u; ur; ihr; euer; eure; sie; vous; votre; vos; ustedes; voi; \
        vostro; vocês; jullie",
    ),
    (
        "should_would",
        "would; could; should; might; may; wäre; könnte; würde; serait; pourrait; sería; podría; sarebbe; \
        potrebbe; seria; zou",
    ),
    (
        "past",
        "was; were; had; did; got; went; came; said; told; tried; paid; signed; sent; bought; made; became; \
        yesterday; last week; last month; last year; ago; since",
    ),
    (
        "time_span",
        "month; months; monthly; year; years; yearly; week; weeks; weekly; quarter; quarterly; annual; annually; \
        day; days; daily; hour; hours; january; february; march; april; may; june; july; august; september; \
        october; november; december",
    ),
];
