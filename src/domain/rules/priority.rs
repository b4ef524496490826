//! The built-in priority words. One string per list, parted by semicolons.
//!
//! "down" alone is not among them: it is in "scroll down" and "break down the costs" as well.

/// Now: something is on fire, or somebody says so.
pub const URGENT: &str = "\
    urgent; urgently; asap; a s a p; emergency; immediately; right now; right away; outage; critical; sev1; \
    sev 1; p0; p1; blocker; is down; are down; went down; goes down; seems down; site down; service down; \
    server down; system down; everything down; all down; prod down; production down; down for everyone; \
    down for all; down since; completely down; totally down; production is down; prod is down; data loss; \
    data breach; security breach; security incident; been hacked; got hacked; leaked; all our users; \
    all our customers; nobody can; no one can; cant work; cannot work; business critical; mission critical; \
    losing money; losing customers; bleeding money; dringend; sofort; notfall; ausfall; \
    so schnell wie möglich; umgehend; dringende; urgence; urgente; urgentemente; au plus vite; \
    dès que possible; inmediatamente; lo antes posible; emergencia; cuanto antes; il prima possibile; \
    emergenza; o mais rápido possível; emergência; met spoed; dringend nodig; zo snel mogelijk; pilne; \
    pilnie; natychmiast; срочно; немедленно; acil; brådskande; haster; 紧急; 急; 尽快; 马上; 至急; 緊急; \
    大至急; 긴급; 급해요; 급합니다; ด่วน";

/// Soon: somebody is held up.
pub const HIGH: &str = "\
    important; high priority; priority; blocking; blocked; blocking us; deadline; needed today; \
    need this today; need it today; still today; by today; by tonight; by tomorrow; before tomorrow; \
    end of day; by eod; eod; as soon as possible; as soon as you can; soon as possible; time sensitive; \
    quickly; escalate; escalation; escalating; still waiting; unacceptable; go live; going live; \
    launch day; many users; several users; multiple users; several customers; multiple customers; \
    all users; everyone is affected; cant access; locked out; charged twice; legal; lawyer; gdpr; sla; \
    wichtig; blockiert; heute noch; bis morgen; bis heute; important pour nous; importante; bloqueante; \
    belangrijk; ważne; важно; önemli; 重要; 优先; 優先; 중요";

/// Whenever; also the denials of the words above.
pub const LOW: &str = "\
    not urgent; no urgency; nothing urgent; isnt urgent; not very urgent; not super urgent; \
    not that urgent; not critical; not important; not a blocker; not blocking; no rush; no hurry; \
    not in a hurry; whenever; when you have time; when you get a chance; when you have a chance; \
    when you get time; when you have a minute; when you have a moment; when possible; low priority; \
    low prio; minor; minor issue; nice to have; just curious; just wondering; someday; at some point; \
    eventually; no worries if not; fyi; for your information; small thing; tiny thing; nitpick; cosmetic; \
    can wait; take your time; not asap; not an emergency; not down; no outage; not a priority; no priority; \
    nicht dringend; nicht eilig; keine eile; eilt nicht; hat zeit; wenn ihr zeit habt; nicht wichtig; \
    pas urgent; rien d'urgent; pas pressé; quand vous avez le temps; no es urgente; no hay prisa; \
    sin prisa; cuando puedas; cuando puedan; non urgente; non è urgente; senza fretta; con calma; \
    não é urgente; sem pressa; niet dringend; geen haast; nie pilne; не срочно; acil değil; acelesi yok; \
    不急; 不着急; 急ぎではありません; 急ぎません; お手すき; 急がない; 급하지 않";
