//! The built-in words of the categories support, question, other.
//!
//! One string per list, parted by semicolons. Apostrophes are left out, as matching leaves them out. A word belongs
//! here when it is far more common in this category than in the others; what is common everywhere helps nobody.

/// Somebody cannot get in, or asks for help. Single words.
pub const SUPPORT_KEYWORDS: &str = "\
    login; logins; password; passwords; passcode; 2fa; mfa; otp; totp; sso; saml; okta; authenticator; \
    locked; lockout; lock; unlock; reset; credentials; authenticate; authentication; 401; 403; stolen; \
    viewer; contractor; workspace; signin; username; activation; invite; invited; invitation; invitations; \
    permission; permissions; admin; owner; access; helpdesk; support; assistance; verification; verify; \
    hacked; compromised; phishing; revoke; deactivate; onboarding; account; help; passwort; kennwort; \
    anmelden; anmeldung; einloggen; zugang; zugriff; gesperrt; hilfe; benutzerkonto; konto; mot; connexion; \
    connecter; accès; bloqué; aide; compte; contraseña; acceso; bloqueado; bloqueada; ayuda; cuenta; \
    accedere; accesso; bloccato; aiuto; senha; acesso; ajuda; conta; wachtwoord; inloggen; toegang; hulp; \
    hasło; logowanie; пароль; доступ; вход; помощь; şifre; giriş; yardım; hesap; 密码; 登录; 登陆; 登不上; \
    无法登录; 权限; 帮助; 帮忙; 账号; パスワード; ログイン; 権限; 助けて; アカウント; サポート; 비밀번호; \
    로그인; 권한; 도와; 계정; รหัสผ่าน; เข้าสู่ระบบ; ช่วย";

/// Somebody cannot get in, or asks for help. Phrases.
pub const SUPPORT_PHRASES: &str = "\
    log in; log into; logged out; logging in; logging out; logs me out; sign in; signing in; sign into; \
    signed out; log out; cant log in; cannot log in; cant login; cannot login; cant sign in; \
    cannot sign in; unable to log in; unable to login; unable to sign in; cant access; cannot access; \
    no access; lost access; lose access; access to; access denied; permission denied; not authorized; \
    need access; have access; give access; grant access; get access; request access; get back in; get in; \
    let me in; locked out; locked me out; account locked; account is locked; account suspended; \
    account blocked; account not found; my account; our account; forgot password; forgot my; \
    forgotten password; reset password; reset my; password reset; reset link; reset email; \
    change my password; change my email; change password; new password; wrong password; invalid password; \
    wont accept my; two factor; second factor; one time code; backup codes; backup code; recovery code; \
    recovery codes; verification code; verification email; confirmation email; activation email; \
    activation link; magic link; security code; new phone; changed phones; old phone; lost my phone; \
    old device; single sign on; identity provider; invite link; invite a; invite new; invite users; \
    accept the invite; accept the invitation; invitation link; invitation email; add a user; add users; \
    add a new user; remove a user; add him; add her; add me; admin rights; admin access; make me admin; \
    as admin; owner of our; transfer ownership; our admin; ex employee; former employee; left the company; \
    new hire; new colleague; new employee; api key leaked; suspicious login; wasnt me; been hacked; \
    got hacked; someone else logged; email address changed; merge accounts; merge two accounts; \
    two accounts; need help; need some help; help me; can you help; could you help; can someone help; \
    can anyone help; please help; help with; help us; please assist; any help; need support; \
    need assistance; contact support; support ticket; open a ticket; speak to someone; talk to a human; \
    talk to someone; real person; human agent; an agent; live agent; customer service; customer support; \
    support team; assist me; assist with; assist us; speak with; having trouble; having issues; \
    having problems; having difficulty; trouble with; problem with; issue with; any update on; any news on; \
    still waiting; still no answer; no reply; no response; passwort vergessen; kann mich nicht anmelden; \
    kann mich nicht einloggen; komme nicht rein; brauche hilfe; brauchen hilfe; mot de passe; me connecter; \
    besoin d'aide; pouvez vous m'aider; olvidé mi contraseña; no puedo entrar; no puedo acceder; \
    iniciar sesión; necesito ayuda; non riesco ad accedere; ho bisogno di aiuto; esqueci minha senha; \
    não consigo acessar; preciso de ajuda; hulp nodig; potrzebuję pomocy; нужна помощь; не могу войти";

/// Somebody wants to know something. Single words.
pub const QUESTION_KEYWORDS: &str = "\
    question; questions; wondering; documentation; docs; tutorial; guide; faq; clarify; clarification; \
    explain; frage; fragen; duda; pregunta; domanda; dúvida; pytanie; вопрос; soru; vraag; 怎么; 如何; \
    请问; 是否可以; どうやって; 方法; 教えて; できますか; 어떻게; 질문; 방법; อย่างไร; ยังไง";

/// Somebody wants to know something. Phrases.
pub const QUESTION_PHRASES: &str = "\
    how do i; how do we; how can i; how can we; how to; how would i; how would we; how should i; \
    how should we; how does; how is the; how are the; how long; how many; how often; how far; what is the; \
    whats the; what are the; what does; what do i; what happens; what permissions; what kind of; \
    where do i; where can i; where is; wheres the; where are; where to; which one; which of; who can; \
    when does; when do; when is the; when will; why does; why is; why do; is there a way; is there any way; \
    is there a limit; is there documentation; is there an api; is it possible; would it be possible; \
    can i use; can we use; can i have; can i set; can i change; can i export; can i import; can i connect; \
    can we connect; can i share; can we share; can you explain; could you explain; can someone explain; \
    can you tell me; could you tell me; can you clarify; could you clarify; can anyone tell; do i need; \
    do we need; do i have to; do we have to; do you know; does it; does the; does this; does your; \
    should i; should we; quick question; a question; noob question; dumb question; stupid question; \
    i have a question; question about; have questions; just wondering; was wondering; am wondering; \
    im wondering; curious if; curious how; any docs; link to the docs; user guide; what's the difference; \
    difference between; best way; best practice; right way; recommended way; am i able; are we able; \
    point me to; any idea how; any tips; example of; an example; examples of; tell me about; want to know; \
    like to know; need to know; let me know how; let me know if i can; eine frage; kurze frage; \
    wie kann ich; wie kann man; wo finde ich; wie funktioniert; gibt es eine; comment puis; comment faire; \
    une question; où puis; est ce que; est il possible; cómo puedo; dónde puedo; tengo una pregunta; \
    es posible; come posso; come faccio; una domanda; como posso; como faço; uma pergunta; hoe kan ik; \
    een vraag; jak mogę; jak zrobić; как сделать; как мне; nasıl yapabilirim";

/// Small talk and advertising that strays into a channel. Single words.
pub const OTHER_KEYWORDS: &str = "\
    birthday; lunch; weather; vacation; holiday; ooo; brb; afk; fyi; congrats; congratulations";

/// Small talk and advertising that strays into a channel. Phrases.
pub const OTHER_PHRASES: &str = "\
    out of office; on vacation; on holiday; bank holiday; happy birthday; merry christmas; happy new year; \
    happy friday; wrong channel; lunch break; good game; see you tomorrow; seo services; \
    first page of google; business opportunity; guest post; link building; meeting notes; running late; \
    on my way";
