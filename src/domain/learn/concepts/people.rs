//! Getting in, who may do what, and how people feel about it.

/// Concept and its entries.
pub const CONCEPTS: &[(&str, &str)] = &[
    (
        "login",
        "login; logins; log in; log into; logging in; logged out; logs me out; logged me out; log out; \
        logout; logging me out; signin; sign in; signing in; sign into; signed out; sign on; signup; \
        sign up; signing up; register; registered; registering; registration; sso; saml; okta; azure ad; \
        entra; idp; oauth; oidc; ldap; scim; google workspace; credentials; username*; user name; \
        authenticat*; session; sessions; kicked out; kicked me; get in; get back in; getting in; let me in; \
        anmeld*; einlogg*; connexion; me connecter; se connecter; iniciar sesión; entrar; accedere; inlogg*; \
        zalogowa*; логин; войти; giriş; captcha; recaptcha; passkey*; login page; login screen; \
        unauthorized; unauthorised; 401; 403; forbidden; logs me; logs us; log back in; sign back in; \
        signed up; cant sign up; cannot sign up; wrong login; login link; login code; login mail; \
        login email; sign in mail; sign in link; sign in page; expired session; session expired; identity; \
        keycloak; microsoft account; google account; apple id; with google; with microsoft; with apple; vpn; \
        remote access; recovery; recover my; recover the; restore access",
    ),
    (
        "password",
        "password*; passcode*; passwd; pw; pin; forgot; forgotten; reset link; reset email; reset my; reset the; \
        reset code; password reset; magic link; passwort*; kennwort; mot de passe; contraseña; senha; \
        wachtwoord; hasło; парол*; şifre",
    ),
    (
        "second_factor",
        "2fa; mfa; otp; totp; two factor; twofactor; second factor; authenticator*; verification code*; \
        security code*; sms code; text code; backup code*; recovery code*; one time; yubikey; new phone; \
        lost my phone; lost phone; lost her phone; lost his phone; changed phone*; old phone; old device; \
        new device; new number; old number; verification email; verification mail; verify my; verify email; \
        confirmation email; confirmation mail; activation email; activation link; verif*; confirm my email; \
        expired link; link expired; link is expired; link has expired; code never; sms never; never got the; \
        never receive*; didnt get the; didnt receive; not receiving the; spam folder; checked spam",
    ),
    (
        "locked",
        "locked; lockout; lock; unlock*; blocked; suspended; suspicious; banned; frozen account; \
        disabled account; account disabled; account is disabled; reactivat*; too many attempts; denied; \
        access denied; permission denied; not authorized; not authorised; cant access; cannot access; \
        cant get into; cant get in; lost access; lose access; no access; dont have access; \
        doesnt have access; dont have permission; no permission; not allowed; gesperrt; zugriff; zugang; \
        accès; bloqué*; acceso; bloquead*; accesso; bloccat*; acesso; toegang; dostęp; доступ; erişim; \
        blocked after; got blocked; got locked; am blocked; unblock; unban; disabled my; no rights; \
        missing rights; not a member; not member; no longer see; cant see; can not see; cannot see; \
        cant view; cannot view; cant enter; cant reach my; shut out; cut off from; error 403; admin area; \
        restricted; request access; need access; needs access; want access; give access; get access; \
        gain access; have access to; access to",
    ),
    (
        "permission",
        "permission*; role; roles; admin; admins; administrator*; owner; owners; ownership; viewer; editor; \
        read only; readonly; superuser; privilege*; rights; access; grant*; give me; give him; give her; \
        give them; give us; revoke*; approve; approved by; transfer ownership; promote; make me; make him; \
        make her; make them; berechtigung*; rechte; droits; permisos; permessi; permissões; rechten; \
        uprawnienia; права; yetki; give rights; needs to see; needs to be able; should see; should not see; \
        shouldnt see; can see; see everything; see all; edit rights; write access; read access; \
        write permission; permission to; as admin; an admin; be admin; new admin; admin now; is admin; \
        admin left; only admin; no admin; owner left; account owner; change the owner; change owner; \
        change ownership; manager left; move to team; switch team; assign role; assign rights; delegate",
    ),
    (
        "members",
        "invite; invites; invited; inviting; invitation*; add user*; add a user; add him; add her; add them; \
        add <mail>; remove user*; remove him; remove her; remove them; remove the; deactivate; deactivated; \
        deprovision*; provision*; new hire*; new colleague*; new employee*; new joiner*; new starter*; \
        colleague*; coworker*; contractor*; freelancer*; intern; interns; ex employee*; former employee*; \
        left the company; left us; has left; who left; employee*; teammate*; guest; guests; user; users; \
        member; members; workspace*; org; organization*; organisation*; tenant; tenants; directory; einlad*; \
        benutzer; nutzer; utilisateur*; usuario*; utente; utenti; usuário*; gebruiker*; invitations; \
        re invite; reinvite; resend invite; resend the invite; resend invitation; send a new; joined us; \
        joins us; join our; starts monday; started today; starting monday; new manager; new lead; new team; \
        new user; new users; new member; new staff; new person; add my; add our; add me; add the; \
        set up a user; create a user; create user; create an account; create a login; create access; \
        onboard new; she left; he left; they left; who quit; has quit; has resigned; was fired; on leave; \
        successor; replacement; my boss; my manager; my assistant; my colleague; our intern; our accountant; \
        external; externals; partner company; client access; customer access",
    ),
    (
        "account",
        "account; accounts; profile; profiles; my account; our account; the account; email address; \
        e mail address; change my email; change the email; change email; new email; old email; work email; \
        <mail>; merge accounts; two accounts; second account; konto; account name; benutzerkonto; compte; \
        cuenta; conto; conta; hesap; учетн*; аккаунт",
    ),
    (
        "breach",
        "hack*; compromis*; phish*; leaked; leak; stolen; steal; fraud*; unauthorized login; unknown login; \
        suspicious login; suspicious activity; someone else; somebody else; wasnt me; not me; breach*; \
        revoke; malicious; scam; identity theft; login from; logged in from; signed into; signed in from; \
        from vietnam; from russia; from china; from brazil; from india; unknown device; unknown location; \
        strange login; unusual activity; took over; taken over; takeover; abuse; abused; spam from; \
        credentials leaked; password leaked; key leaked; lost my laptop; lost laptop; stolen laptop; \
        stolen phone; block my; block the; block it",
    ),
    (
        "pleased",
        "great; love; loves; loved; loving; awesome; amazing; fantastic; excellent; wonderful; brilliant; \
        superb; perfect; perfectly; outstanding; incredible; impress*; delight*; pleased; pleasure; happy; \
        happier; enjoy*; joy; joyful; favorite; favourite; best; beautiful; lovely; smooth; smoothly; \
        flawless*; seamless*; kudos; props; shoutout; shout out; hats off; well done; good job; great job; \
        great work; good work; nice work; nice job; nice touch; good stuff; great stuff; bravo; congrats; \
        congratulations; compliment*; praise; appreciat*; grateful; thankful; thank your; thanks to your; \
        saved us; saved me; saved our; saved my; lifesaver; life saver; game changer; gamechanger; \
        life easier; makes our life; made my; made our; keep it up; keep up; recommend*; <num> star; \
        five star; stars; well deserved; helpful; friendly; kind; patient; professional; fast response; \
        quick response; quick reply; super fast; so fast; so easy; easy to use; user friendly; intuitive; \
        polished; blown away; thrilled; glad; satisfied; exceeded; rocks; rock solid; solid; top notch; \
        first class; worth every; cant live without; big fan; fan of; toll; super; klasse; prima; \
        begeistert; zufrieden; formidable; ravi; content; genial; encanta; contento; ottimo; fantastico; \
        ótimo; adoro; geweldig; blij; świetn*; отлично; супер; harika; tada; heart; heart_eyes; clap; \
        muscle; raised_hands; star; 👏; ❤; 🎉; 😍; dream; gem; magic; magical; wow; stunning; gorgeous; \
        splendid; marvelous; marvellous; terrific; phenomenal; exceptional; extraordinary; remarkable; \
        refreshing; pleasant; pleasantly; crisp; snappy; slick; neat; handy; brilliantly; beautifully; \
        regret*; time saver; timesaver; big thanks; big thank; huge thanks; huge thank; many thanks to; \
        thanks to; thank you for; thanks for; thumbs up; chapeau; respect; proud; applause; congratul*; \
        spot on; on point; nailed it; exactly what; just what; could not be happier; couldnt be happier; \
        very happy; so happy; really happy; super happy; really like; really good; very good; so good; \
        like the new; liked; likes; like it; like how; much better; way better; better than before; \
        better every; big improvement; huge improvement; improved a lot; great improvement; never had; \
        no complaints; second to none; made our day; made my day; made my week; deserve*; a raise; \
        please tell; pass on; pass it on; to whoever; whoever built; whoever made; very well; well written; \
        well made; well thought; well designed; out of <num>; <num> out; <num> stars; five stars; \
        100 recommend; keep going; good luck; easy; simple; works great; works like a charm; like a charm; \
        works perfectly; runs perfectly; runs smoothly",
    ),
    (
        "displeased",
        "disappoint*; frustrat*; annoy*; angry; furious; upset; unhappy; not happy; dissatisf*; unsatisf*; \
        terrible; awful; horrible; horrendous; worst; worse; bad; poor; poorly; pathetic; ridiculous; \
        unacceptable; not acceptable; rude; unprofessional; unhelpful; useless; waste; wasted; joke; \
        disgrace*; shame; ashamed; hate; hates; sick of; tired of; fed up; complain*; complaint*; letdown; \
        let down; let us down; mess; messy; nightmare; disaster; painful; pain; clunky; confusing; \
        overwhelming; cluttered; ugly; ruined; downhill; gone down; got worse; getting worse; overpriced; \
        overrated; misleading; dishonest; ignored; nobody; no one; no reply; no answer; no response; \
        without an answer; never called; never got back; still no; promised; expected more; expected better; \
        high hopes; lost trust; lost faith; last straw; third time; copy paste; canned; robotic; scripted; \
        waited; waiting; on hold; hours on; poor form; not a fan; not impressed; underwhelm*; meh; \
        enttäusch*; schlecht; unverschämt; ärger*; déçu*; décev*; nul; décepci*; decepcion*; pésimo; delus*; \
        pessimo; péssimo; teleurgesteld; slecht; rozczarowan*; ужасн*; разочарован*; rage; angry face; \
        disappointed; 👎; 😡; not ok; not okay; not good; not great; not nice; not cool; not right; not funny; \
        not professional; not helpful; not the first; no help; no use; no fun; not worth; not what i; \
        not what we; embarrass*; insult*; offen*; arrogant; ignorant; incompeten*; careless; sloppy; lazy; \
        pushy; salesy; greedy; ripoff; rip off; cash grab; deceptive; shady; scandal*; outrag*; appall*; \
        dreadful; lousy; crap; crappy; garbage; trash; rubbish; suck; sucks; sucked; stinks; shocking; \
        shocked; speechless; fuming; mad; irritat*; infuriat*; regret buying; regret signing; \
        bad experience; poor service; bad service; bad support; slow support; support is; support was; \
        support has; took days; took weeks; took forever; took two; waited two; waited three; weeks for; \
        days for; days later; weeks later; days without; weeks without; hung up; passed around; \
        from one person; run around; runaround; ghosted; closed without; closed my; second time; \
        fourth time; fifth time; how many times; yet again; once again; always the same; every update; \
        each release; too complicated; too complex; too slow; too many; too expensive for; popups; ads; \
        nobody asked; no one asked; changed everything; for the worse; step back; step backwards; \
        lost respect; lost confidence; lose trust; wont recommend; would not recommend; cant recommend; \
        cannot recommend; would never; never again; last chance; be ashamed; do better; have to do better; \
        seriously; honestly; frankly; to be honest; tbh; constructive",
    ),
    (
        "service",
        "your team; your support; support team; your agent; your agents; agent; agents; representative; rep; \
        staff; customer service; customer support; customer care; service; support; supporter; onboarding; \
        experience; experiences; communication; communicat*; attitude; tone; response time*; survey; nps; \
        csat; review; reviews; rating; feedback; opinion; impression; redesign; new design; new look; \
        new ui; new layout; new interface; interface; ux; design; logo; webinar; workshop; training; \
        trainer; instructor; session; webinars; newsletter; conference; event; docs are; documentation is; \
        product; tool; software; platform; since day one; years; customer for; customers for; \
        customer since; using this for; been using; using you; using it for; long time; loyal; every update; \
        each update; kundenservice; kundendienst; service client; atención al cliente; assistenza; \
        atendimento; klantenservice; helpdesk; help desk; support chat; chat support; phone support; \
        on chat; on the phone; your people; your guys; your staff; your company; your service; your product; \
        your app; your tool; your software; your platform; your docs; your documentation; your website; \
        your site; your update; your updates; your new; the new version; the latest version; the new; \
        this update; the update; the rollout; the launch; the migration; the announcement; announce; \
        announced; the training; training session; onboarding call; the call with; the way you; \
        the way your; the way the; how you handled; how it was handled; handled; handling; experience with; \
        experience so far; so far; overall; in general; all in all; as a customer; paying customer; \
        paying customers; long time customer; month with you; year with you; years with you; we use; \
        we use it; i use; use it every; every day",
    ),
    (
        "person_wanted",
        "human; real person; a person; actual person; live agent; speak to; speak with; talk to; talk with; \
        call me; phone number; reach someone; someone from; somebody from; representative; operator; manager; \
        supervisor; escalate; contact me; call back; callback; hotline; customer service; customer support; \
        mit jemandem; parler à; hablar con; parlare con",
    ),
    (
        "help",
        "help; helps; assist*; support; advise; advice; can someone; can anyone; could someone; could anyone; \
        someone help; anyone know; anybody know; hilfe; aide; ayuda; aiuto; ajuda; hulp; pomoc*; помощь; yardım",
    ),
];
