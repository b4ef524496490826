//! The courtesy phrases themselves, in the languages that are common in shared Slack channels.
//!
//! A phrase belongs here only when nobody who writes nothing else expects an answer. Words that may be an answer
//! ("yes", "no", "sure", "done") do not. One string per list, parted by semicolons.

/// Said when somebody comes or goes.
pub const GREETINGS: &str = "\
    hi; hii; hello; hey; heya; hiya; howdy; yo; hi there; hey there; hello there; good morning; \
    good afternoon; good evening; good day; greetings; morning; bye; goodbye; good night; see you; \
    see you later; see ya; take care; have a good day; have a nice day; have a great day; have a good one; \
    have a nice weekend; have a good weekend; have a great weekend; have a nice evening; \
    enjoy your weekend; enjoy your day; best regards; kind regards; regards; dear; dear team; \
    happy monday; happy friday; hope you are well; hope youre well; hope all is well; i hope you are well; \
    hallo; guten tag; guten morgen; guten abend; moin; moin moin; servus; grüezi; tschüss; ciao; \
    schönen tag; schönen tag noch; schönes wochenende; schönen abend; bis später; viele grüße; \
    liebe grüße; beste grüße; lg; mfg; mit freundlichen grüßen; hoi; goedemorgen; goedemiddag; goedendag; \
    groetjes; fijne dag; fijn weekend; \
    bonjour; salut; bonsoir; coucou; bonne journée; bonne soirée; bon weekend; cordialement; au revoir; \
    hola; buenas; buenos días; buenos dias; buenas tardes; buenas noches; saludos; adiós; buen día; \
    buongiorno; buonasera; salve; buona giornata; olá; ola; oi; bom dia; boa tarde; boa noite; bună; \
    bună ziua; \
    hej; hejsan; hei; moi; terve; god morgen; god dag; ha en fin dag; labas; laba diena; sveiki; cześć; \
    dzień dobry; hej wszystkim; ahoj; dobrý den; привет; здравствуйте; добрый день; доброе утро; вітаю; \
    добрий день; γεια; γεια σας; καλημέρα; szia; sziasztok; jó napot; merhaba; selam; günaydın; \
    iyi günler; \
    مرحبا; السلام عليكم; أهلا; שלום; היי; नमस्ते; \
    你好; 您好; 大家好; 早上好; 嗨; 再见; こんにちは; おはようございます; こんばんは; \
    お世話になっております; お疲れ様です; よろしくお願いします; よろしくお願いいたします; 안녕하세요; \
    안녕; สวัสดี; สวัสดีครับ; สวัสดีค่ะ";

/// Said for what somebody has done.
pub const THANKS: &str = "\
    thanks; thank you; thank u; thankyou; thanx; thx; thnx; tnx; thks; ty; tyvm; tysm; tks; cheers; \
    many thanks; big thanks; great thanks; thanks a bunch; thanks a million; thank you kindly; \
    much appreciated; greatly appreciated; really appreciated; appreciated; appreciate it; \
    i appreciate it; we appreciate it; really appreciate it; much obliged; thanks for the help; \
    thanks for your help; thanks for helping; thank you for your help; thank you for the help; \
    thanks for all your help; thanks for your time; thank you for your time; thanks for the quick reply; \
    thanks for the quick response; thanks for the quick help; thank you for the quick reply; \
    thank you for the quick response; thanks for the update; thank you for the update; \
    thanks for the info; thanks for letting me know; thanks for letting us know; \
    thank you for letting me know; thanks for confirming; thanks for checking; thanks for looking into it; \
    thanks for looking into this; thank you for looking into this; thanks for fixing it; \
    thanks for the fast reply; thanks for your support; thank you for your support; \
    thanks for the support; thanks for the quick fix; thanks for sorting it out; thanks for your patience; \
    danke; danke schön; dankeschön; danke sehr; danke dir; danke ihnen; danke euch; vielen dank; \
    vielen lieben dank; herzlichen dank; besten dank; lieben dank; tausend dank; danke für die hilfe; \
    danke für die schnelle antwort; danke für die info; vielen dank für die hilfe; dank je; dank je wel; \
    dankjewel; dank u; dank u wel; bedankt; dank; hartelijk dank; \
    merci; merci beaucoup; merci bien; mille mercis; un grand merci; merci à vous; merci à toi; \
    merci pour votre aide; merci pour ton aide; merci d'avance; gracias; muchas gracias; mil gracias; \
    muchísimas gracias; gracias por la ayuda; gracias por tu ayuda; gracias por su ayuda; grazie; \
    grazie mille; mille grazie; grazie tante; obrigado; obrigada; muito obrigado; muito obrigada; valeu; \
    gràcies; mulțumesc; multumesc; mersi; \
    tack; tack så mycket; tack för hjälpen; tak; mange tak; takk; takk skal du ha; tusen takk; kiitos; \
    kiitti; ačiū; aciu; paldies; aitäh; dzięki; dziękuję; dziekuje; dzieki; dziękuję bardzo; děkuji; díky; \
    děkuju; ďakujem; hvala; спасибо; большое спасибо; спасибо большое; благодарю; дякую; благодаря; \
    ευχαριστώ; ευχαριστώ πολύ; köszönöm; köszi; köszönöm szépen; teşekkürler; teşekkür ederim; \
    çok teşekkürler; sağol; sağ ol; \
    شكرا; شكراً; شكرا جزيلا; תודה; תודה רבה; धन्यवाद; शुक्रिया; cảm ơn; terima kasih; makasih; \
    谢谢; 谢谢你; 谢谢您; 谢谢大家; 多谢; 感谢; 非常感谢; 谢了; 謝謝; 多謝; ありがとう; \
    ありがとうございます; ありがとうございました; どうもありがとうございます; どうも; 感謝します; \
    감사합니다; 고맙습니다; 고마워요; 감사해요; ขอบคุณ; ขอบคุณครับ; ขอบคุณค่ะ; ขอบคุณมาก; ขอบคุณมากครับ; \
    ขอบคุณมากค่ะ";

/// Said to have said something.
pub const FILLERS: &str = "\
    ok; okay; oki; okey; okie; k; kk; cool; great; perfect; awesome; nice; nice one; excellent; wonderful; \
    fantastic; amazing; brilliant; lovely; super; superb; sweet; neat; wow; yay; woohoo; understood; \
    noted; got it; gotcha; i see; ah i see; sounds good; sounds great; looks good; lgtm; very good; \
    so good; roger; roger that; copy that; alright; all right; right on; makes sense; that makes sense; \
    fair enough; all good; all good now; all set; were good; no worries; no problem; np; youre welcome; \
    you are welcome; my pleasure; anytime; you too; same to you; likewise; lol; haha; hahaha; hehe; ah; \
    oh; ahh; aha; hmm; that works; that works now; it works; it works now; works now; works; works great; \
    works perfectly; working now; its working now; it is working now; that worked; it worked; worked; \
    that did it; that did the trick; that fixed it; that solved it; that helps; that helped; very helpful; \
    super helpful; so helpful; good to know; well done; good job; great job; great work; great stuff; \
    good stuff; nice work; youre the best; you are the best; you guys are the best; youre awesome; \
    you rock; legend; lifesaver; you are a lifesaver; youre a lifesaver; youre a star; that was fast; \
    that was quick; sorry for the noise; never mind; nevermind; nvm; \
    alles klar; alles gut; passt; passt so; prima; perfekt; klasse; toll; sehr gut; verstanden; gerne; \
    gern geschehen; kein problem; geht klar; in ordnung; top; spitze; wunderbar; jetzt geht's; \
    es geht jetzt; geht jetzt; funktioniert jetzt; duidelijk; graag gedaan; geen probleem; helemaal goed; \
    parfait; d'accord; ça marche; génial; très bien; de rien; bien reçu; compris; c'est noté; c'est bon; \
    impeccable; nickel; perfecto; genial; vale; de nada; entendido; de acuerdo; muy bien; estupendo; \
    perfetto; va bene; prego; ottimo; benissimo; capito; d'accordo; perfeito; beleza; ótimo; tudo bem; \
    entendi; \
    perfekt tack; toppen; fint; selvom tak; den er fin; hyvä; świetnie; w porządku; rozumiem; skvělé; \
    хорошо; понял; поняла; понятно; отлично; супер; ок; пожалуйста; добре; tamam; harika; rica ederim; \
    rendben; gerai; puiku; \
    好的; 好; 收到; 明白了; 明白; 了解; 没问题; 太好了; 不客气; 了解です; 了解しました; 承知しました; \
    承知いたしました; わかりました; かしこまりました; 助かりました; 助かります; 알겠습니다; 네 알겠습니다; \
    좋아요; โอเค";

/// Said only behind one of the others.
pub const TAILS: &str = "\
    so much; very much; a lot; a ton; a bunch; lots; again; once again; in advance; indeed; anyway; all; \
    everyone; everybody; team; guys; folks; friends; mate; man; sir; madam; buddy; both; you all; yall; \
    support team; there; now; then; too; also; and; for your help; for the help; for everything; \
    so very much; really; for now; much; dear; noch; nochmal; nochmals; sehr; zusammen; dir; ihnen; euch; \
    im voraus; leute; team leute; beaucoup; bien; à tous; tout le monde; à vous; à toi; encore; et; \
    a todos; equipo; y; por todo; a tutti; a todos vocês; wszystkim; alla; alle; allemaal";

/// Emoji, by name or character, that please or greet. An alarm, a question or a thumb down is not among them.
pub const EMOJI: &str = "\
    +1; thumbsup; pray; wave; tada; heart; hearts; blue_heart; green_heart; purple_heart; yellow_heart; \
    orange_heart; black_heart; heart_eyes; smile; smiley; grin; grinning; slightly_smiling_face; \
    simple_smile; blush; relaxed; joy; laughing; wink; sunglasses; star-struck; hugging_face; hugs; clap; \
    raised_hands; ok_hand; handshake; muscle; bow; 100; white_check_mark; heavy_check_mark; \
    ballot_box_with_check; rocket; star; star2; sparkles; sparkling_heart; sunny; coffee; beers; beer; \
    fist; punch; call_me_hand; v; rainbow; sun_with_face; confetti_ball; partying_face; party_parrot; \
    partyparrot; dancer; bouquet; salute; saluting_face; thankyou; thank-you; thank_you; thanks; ty; \
    smiling_face_with_3_hearts; sweat_smile; upside_down_face; innocent; relieved; kissing_heart; \
    heart_hands; 👍; 🙏; 👋; 🎉; ❤; ♥; 💙; 💚; 💜; 💛; 🧡; 🖤; 😍; 🙂; 😊; 😀; 😁; 😃; 😄; 😅; 😂; 🤣; 😉; \
    😎; 🤩; 🤗; 👏; 🙌; 👌; 🤝; 💪; 🙇; 💯; ✅; ✔; ☑; 🚀; ⭐; 🌟; ✨; 💖; ☀; ☕; 🍻; 🍺; ✊; 👊; 🤙; ✌; 🌈; 🎊; \
    🥳; 💐; 🫡; 🥰; 😇; 😌; 😘; 🙃; 🫶";
