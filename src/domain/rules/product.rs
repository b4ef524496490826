//! The built-in words of the categories bug, feature.
//!
//! One string per list, parted by semicolons. Apostrophes are left out, as matching leaves them out. A word belongs
//! here when it is far more common in this category than in the others; what is common everywhere helps nobody.

/// Something does not do what it should. Single words.
pub const BUG_KEYWORDS: &str = "\
    bug; bugs; buggy; broken; breaks; error; errors; exception; exceptions; stacktrace; traceback; crash; \
    crashes; crashed; crashing; fail; fails; failed; failing; failure; failures; freezes; frozen; freezing; \
    hang; hangs; hanging; stuck; glitch; glitches; glitchy; timeout; timeouts; rejected; reverted; \
    declined; 404; 500; 502; 503; 504; slow; laggy; lag; latency; blank; corrupted; corrupt; duplicate; \
    duplicates; duplicated; wrong; incorrect; incorrectly; missing; disappeared; vanished; regression; \
    unresponsive; unreachable; outage; incident; malfunction; flaky; garbled; choppy; typo; segfault; \
    panic; fehler; fehlermeldung; kaputt; defekt; abgestürzt; stürzt; absturz; funktioniert; hängt; \
    störung; ausfall; erreur; erreurs; bogue; plante; planté; panne; cassé; fallo; fallos; falla; roto; \
    errore; errori; guasto; erro; erros; quebrado; storing; kapot; fout; foutmelding; błąd; awaria; ошибка; \
    ошибки; сломалось; hata; bozuk; çalışmıyor; 报错; 错误; 崩溃; 坏了; 不能用; 打不开; 无法使用; エラー; \
    動かない; 動きません; 落ちる; 不具合; バグ; 表示されない; 오류; 에러; 안돼요; 작동하지; ใช้งานไม่ได้; \
    ไม่ทำงาน";

/// Something does not do what it should. Phrases.
pub const BUG_PHRASES: &str = "\
    not working; doesnt work; does not work; dont work; isnt working; is not working; arent working; \
    not work; wont work; stopped working; no longer works; no longer working; worked yesterday; didnt work; \
    did not work; hasnt worked; isnt reflected; not reflected; hasnt shown up; has not shown up; \
    didnt go through; did not go through; not going through; wont go through; dont add up; doesnt add up; \
    same page over; went from; all over the place; exit code; worked fine; used to work; worked before; \
    since the update; since the last update; since yesterdays; after the update; after updating; \
    since the new; since this morning; since the latest; wont load; doesnt load; not loading; isnt loading; \
    does not load; wont open; doesnt open; not opening; wont start; wont save; doesnt save; not saving; \
    not showing; doesnt show; not show up; doesnt appear; not appear; not updating; doesnt update; \
    not syncing; doesnt sync; not sync; wont sync; not responding; nothing happens; blank page; \
    white screen; black screen; blank screen; error message; error code; error 500; internal server error; \
    bad gateway; gateway timeout; something went wrong; unexpected error; getting an error; getting errors; \
    an error; throws an; throwing an; stack trace; timed out; times out; timing out; keeps crashing; \
    keeps failing; keeps saying; keeps spinning; keeps loading; loading forever; spins forever; \
    forever loading; is down; are down; went down; seems down; goes down; is broken; are broken; \
    looks broken; seems broken; completely broken; cant save; cant upload; cant open; cant load; \
    cant export; cant reach; cannot save; cannot upload; cannot open; unable to save; unable to upload; \
    unable to load; unable to open; very slow; so slow; super slow; really slow; too slow; status page; \
    off by one; steps to reproduce; to reproduce; bug report; found a bug; shows the wrong; wrong time; \
    wrong date; wrong timezone; is missing; are missing; is empty; are empty; \
    went missing; arriving twice; sent twice; twice for; has no effect; gets stuck; got stuck; is stuck; \
    are stuck; been stuck; cuts off; cut off; lost all; never arrive; never arrived; not arriving; \
    not receiving; not delivered; never went out; still says; undefined is not; null pointer; \
    connection refused; connection reset; failed to; gives me an; anyone else; geht nicht; \
    funktioniert nicht; klappt nicht; lädt nicht; geht nicht mehr; ne fonctionne pas; ne marche pas; \
    marche pas; ne marche plus; ne fonctionne plus; no funciona; no carga; non funziona; não funciona; \
    werkt niet; nie działa; не работает; 안 돼요";

/// Somebody misses something. Single words.
pub const FEATURE_KEYWORDS: &str = "\
    feature; features; roadmap; wishlist; suggestion; suggestions; suggest; enhancement; enhancements; \
    feedbacks; wish; idea; proposal; wunsch; vorschlag; verbesserungsvorschlag; amélioration; sugerencia; \
    mejora; suggerimento; sugestão; 建议; 希望能; 希望增加; 能不能加; 功能请求; 要望; 追加してほしい; \
    あると嬉しい; 機能追加; 추가해; 제안";

/// Somebody misses something. Phrases.
pub const FEATURE_PHRASES: &str = "\
    feature request; feature requests; feature idea; new feature; would be nice; would be great; \
    would be cool; would be good; would be awesome; would be helpful; would be useful; would be amazing; \
    would be super; would be lovely; would be handy; would be perfect; would help us; itd be nice; \
    itd be great; itd be cool; itd be amazing; itd be helpful; itd be useful; itd be awesome; \
    it be possible to add; be nice if; be great if; be cool if; be good if; be helpful if; be awesome if; \
    i wish; we wish; wish there; wish you; wish it; wishlist item; would love to; would love a; \
    would love an; would love if; wed love; id love; we would love; i would love; love to see; \
    love to have; like to see; like to have; want to be able; like to be able; need to be able; \
    id like to be able; want the ability; the ability to; ability for; please add; pls add; plz add; \
    can you add; could you add; can you guys add; could you guys add; you could add; you should add; \
    should add; add support for; add an option; adding support; adding a; please support; please consider; \
    please make; please bring; please allow; let us; allow us to; allow users to; option to; an option for; \
    setting to; a setting; toggle for; a way to have; dark mode; dark theme; any plans; plans to; \
    plan to add; planning to add; planned for; on the roadmap; on your roadmap; your roadmap; \
    any chance of; any chance to get; any chance you; any chance we; could there be; can there be; \
    could we have; can we have; can we get; could we get; could you support; could you make; \
    could you implement; can you implement; please implement; can you build; kindly add; can add a; \
    could add a; small ask; what about a; what about an; it would make sense; would make sense to; \
    thinking about supporting; thinking of supporting; 1 for; do you plan; are you planning; \
    do you plan on; helpful to be able; nice to be able; great to be able; good to be able; \
    cool to be able; missing feature; feature parity; suggestion for; a suggestion; an idea; idea for; \
    improvement idea; would make our; make it possible; should be able to; should be possible; \
    should support; should allow; instead of having to; our users ask; our users want; people keep asking; \
    customers keep asking; vote for; upvote for; bring back; integration with; integrate with; \
    integrates with; when will you support; when are you adding; will you add; will you support; \
    consider adding; wäre schön; wäre toll; wäre super; wäre gut; wäre es möglich; wir wünschen uns; \
    könntet ihr; serait bien; serait possible; ce serait; estaría bien; sería genial; sería posible; \
    me gustaría que; sarebbe bello; sarebbe utile; seria bom; seria ótimo; zou fijn zijn; zou handig; \
    기능 추가; 있으면 좋겠";
