//! Money, contracts, and the end of them; orders and banking as far as a desk hears of them.

/// Concept and its entries.
pub const CONCEPTS: &[(&str, &str)] = &[
    (
        "invoice",
        "invoice*; invoicing; receipt*; bill; bills; billing; billed; statement*; vat; tax; taxes; taxed; \
        taxable; po; purchase order*; po number; accounting; accountant*; accounts payable; bookkeep*; \
        finance; w9; cost center*; cost centre*; credit note*; legal name; company name; registered address; \
        billing address; iban; swift; sepa; remittance; past due; overdue; due date; dunning; net <num>; \
        rechnung*; beleg; belege; quittung; steuer; umsatzsteuer; facture*; facturation; reçu; factura*; \
        recibo; fattura*; fatture; ricevuta; fatura*; factuur*; facturen; faktur*; счет; счёт; fiscal; \
        ledger; invoice number; invoices for; credit memo; tax id; tax number; reverse charge; \
        order reference; reference number; cost centers; billing contact; billing email; billing cycle; \
        billing period; billing page; fiscal year; audit; auditor; receipts; bookkeeper; settlement; \
        reminder; payment reminder; cfo; ap team; payables; net; gross; line item; line items",
    ),
    (
        "charge",
        "charge; charged; charges; charging; overcharg*; double charged; charged twice; billed twice; \
        debited; deduct*; taken from; took money; withdrawn; pending payment; unexpected charge; \
        unknown charge; hold; surcharge; overage*; prorat*; proration; extra fee*; fee; fees; abgebucht; \
        abbuchung; débité; prélèvement; cobro; cobrado; cobraron; addebito; addebitato; cobrança; \
        afgeschreven; higher than; too much; jumped; doubled; amount; amounts; balance; unused; \
        price increase; wrong amount; were billed; was billed; got billed; second charge; extra charge; \
        unexpected; twice this; billed for; billing for; charged for; charging us; charging me; \
        still charging; still charged; keep charging; keeps charging; service fee; late fee; setup fee; \
        on my card; on our card; on my statement; on our statement; my bank; our bank; from my account; \
        subtracted; went up; higher; why did; why was; why were; what is this; agreed price; as agreed; \
        not what we agreed; removed user; removed in; cost more",
    ),
    (
        "refund",
        "refund*; money back; reimburs*; chargeback*; credit back; credited; credits; credit; voucher*; dispute*; \
        compensation; goodwill; erstattung; rückerstattung; geld zurück; gutschrift; rembours*; reembols*; \
        rimbors*; terugbetaling; zwrot; возврат",
    ),
    (
        "payment",
        "payment*; pay; pays; paying; paid; prepaid; unpaid; card; cards; credit card; debit card; paypal; \
        stripe; ach; wire; bank; banks; transfer; direct debit; mandate; cheque; check payment; visa; \
        mastercard; amex; declined; expired card; card on file; payment method*; payment link*; installment*; \
        instalment*; settle; owe; owed; owing; outstanding; topped up; top up; topup; zahlung*; bezahl*; \
        überweisung; lastschrift; kreditkarte; paiement*; payer; carte; pago*; pagar; tarjeta; pagamento; \
        pagare; carta; cartão; betaling; betalen; płatność; оплат*; <money>",
    ),
    (
        "currency",
        "usd; eur; gbp; chf; dollar*; euro; euros; pound*; cents; currency; currencies; exchange rate; cash",
    ),
    (
        "price",
        "price*; pricing; cost; costs; costing; quote; quotes; quotation; how much; rate card; price list; \
        cheaper; cheap; expensive; affordable; budget; per seat; per user; per month; per year; per <num>; \
        a month; a year; annually; yearly; preis*; kosten; kostet; prix; tarif*; combien; coûte; precio*; \
        cuánto cuesta; cuesta; prezzo; prezzi; quanto costa; preço; preços; quanto custa; prijs; prijzen; \
        cena; цена; стоит; fiyat; do you charge; would you charge; charge for; what do you charge; \
        what would; what does it; whats it; what will it; how expensive; in total; total cost; cost of; \
        cost for; cost us; price per; price difference; price of; price for; prices for; pricing for; \
        cost per; quoted; estimate; ballpark; offer; an offer; offers; yearly licence; yearly license; \
        calculation; calculator",
    ),
    (
        "discount",
        "discount*; promo; promo code; promotion; coupon*; deal; deals; special offer; black friday; \
        student*; education*; academic; nonprofit*; non profit*; charity; ngo; startup credits; \
        startup program*; rabatt; remise; descuento; sconto; desconto; korting; volume; bulk pricing; \
        upfront; lifetime; loyalty; school; schools; university; universities; teacher*; educational; \
        non profits; ngos; startup; startups; church; public sector; government; municipal*; long term; \
        multi year; three years; two years; <num> years; prepay; pay upfront; bigger; big customer; \
        cheaper plan; best price; better price; price match; cyber monday; referral",
    ),
    (
        "buying",
        "buy; buying; purchase; purchasing; procure*; order form; quote for; demo; demos; trial; trials; \
        pilot; poc; proof of concept; evaluat*; shortlist*; compare; comparing; comparison; competitor*; \
        alternative*; vendor*; supplier*; tender; rfp; rfi; rfq; reseller*; resell*; partner; partners; \
        partnership; affiliate*; referral*; white label; whitelabel; sales; salesperson; account manager; \
        account executive; sales rep; contact sales; talk to sales; interested in; interest in; considering; \
        thinking about switching; thinking of switching; looking at your; roll out; rollout; onboard; gift; \
        sign up for; sign up as; new customer; prospect*; potential; before we buy; before we sign; \
        before signing; before purchasing; business case; decision; leadership; management; my boss; \
        our ceo; our cfo; our cto; kaufen; testversion; angebot; acheter; devis; comprar; presupuesto; \
        cotización; acquistare; preventivo; orçamento; kopen; offerte; kupić; купить; try it; try out; \
        trying out; test it; test it with; test phase; trial account; trial period; extend trial; commit; \
        committing; before we commit; decide; deciding; decision maker; decided to buy; go with you; go for; \
        sign up; signing up; get started with; onboarding package; show us; show me the; presentation; \
        walkthrough of; demonstration; product tour; webinar for; someone call; call us; lets talk; \
        book a call; schedule a call; set up a call; talk about; discuss; expand; expanding; expansion; \
        scale; add more; more users; more agents; more licences; new branch; new location; new office; \
        subsidiary; franchise; distributor; integrator; consultant; agency; agencies; on behalf of; \
        client of ours; our clients; recommend you to; reference customers; case study; case studies; \
        references; why you; what makes you; different from; compared to; comparison with; better than; \
        move from; moving from; migrate from; switch from; switching from; coming from; replace our; \
        replacing our; another vendor; other vendor; two other; other tools; work with; do you work; \
        do you sell; do you offer; can we buy; can i buy; where can i buy; where can we buy; order more; \
        purchase order for; tailored; bespoke; custom plan; custom package",
    ),
    (
        "plan_tier",
        "plan; plans; tier; tiers; edition; editions; package*; enterprise; business plan; pro plan; starter; \
        premium; standard; basic plan; free plan; free tier; team plan; upgrade; upgrading; upgraded; \
        add on; addon*; add ons; included in; is included; whats included; tarifplan; forfait; licen*; seat; \
        seats; extra seats; additional seats; additional users; more seats; more users; more licenses; \
        enterprise tier; which plan; which package; which edition; which tier; what plan; what package; \
        business; pro; team; basic; ultimate; advanced; professional; free; paid; version of; included; \
        include; includes; come with; comes with; limits on; from team; to business; to enterprise; to pro; \
        to premium",
    ),
    (
        "compliance",
        "soc; soc2; iso; hipaa; gdpr; dpa; baa; nda; msa; sla; slas; pci; compliance; compliant; certified; \
        certification; security review; security questionnaire; questionnaire; pen test; pentest; \
        data residency; hosted in; hosting location; on prem; on premise; onprem; self hosted; self host; \
        legal team; our legal; infosec; it security; contract terms; commercial terms; commercially; terms; \
        datenschutz; rgpd; certified by; audit report; audit trail; security; certificate of; iso certified; \
        iso <num>; encryption; encrypted; data center; data centre; data protection; processing agreement; \
        privacy; eu hosting; hosted; insurance; liability; legal; lawyer; lawyers; uptime guarantee; \
        guarantee; references; sign our; sign your; sign a; sign the",
    ),
    (
        "size_of_us",
        "<num> seats; <num> users; <num> people; <num> employees; <num> licen*; <num> agents; <num> members; \
        <num> team; <num> person; <num> developers; <num> devs; <num> locations; <num> stores; \
        <num> contacts; <num> accounts; 100 seats; 100 users; 100 people; 200 seats; 200 users; 200 people; \
        250 users; 300 users; 300 people; 500 users; 500 seats; 500 people; 500 employees; our company; \
        our organi*; our agency; we are a; were a; im with a; small business; team of; headcount; \
        our department; one department; entire company; whole company; globally; worldwide; nationwide; \
        offices; volume of; we run; we have about; we do about; <num> branches; <num> offices; <num> shops; \
        <num> schools; <num> students; <num> drivers; <num> vehicles; <num> devices; <num> sites; \
        <num> more; <num> new; 300 agents; 100 stores; 100 devices; 150 users; 400 users; 400 people; \
        120 users; 120 people; 250 people; 250 employees; 800 users; management team; our management; \
        our university; our school; our hospital; our clinic; our firm; law firm; our bank; startup; \
        enterprise; corporation; our group; holding; several teams; whole team; all employees; all teams; \
        asia; europe; usa; latin america",
    ),
    (
        "cancel",
        "cancel*; terminat*; unsubscrib*; discontinu*; auto renew*; autorenew*; not renew; dont renew; \
        wont renew; wont be renewing; not be renewing; not renewing; turn off renewal*; stop renewal*; \
        stop the renewal; stop my; stop our; stop the subscription; stop billing; end my; end our; end the; \
        ending our; ending my; not continue; not continuing; not extend; not going to extend; wind down; \
        winding down; shut down; shutting down; shut it down; close my; close our; close the account; \
        close account; close this account; closing our; closing my; close down; wont need; dont need; \
        do not need; no longer need*; no longer using; no longer use; no longer require*; not using; \
        dont use; stopped using; quit; quitting; leaving; leave you; moving to; move to another; \
        moving away; moved to; switching to; switched to; switching away; migrating to; migrating away; \
        going with another; went with another; go with; chose another; kündig*; abmelden; résili*; annul*; \
        désabonner; cancelar; baja; dar de baja; disdetta; disdire; opzegg*; wypowied*; отмен*; iptal; \
        opt out; pull the plug; out of the contract; part ways; churn; notice period; termination letter; \
        early exit; cooling off; withdraw*; offboard*; letting go; drop the; drop our; drop it; get rid of; \
        for good; end it; end this; end it with; finish our; finish my; not going ahead; not go ahead; \
        not moving forward; not proceed; not proceeding; will not be extending; not be extending; \
        wont extend; wont be extending; not prolong; not going to renew; wont continue; cease; ceasing; \
        stop using; stop the plan; stop our plan; stop my plan; stop paying; stop charging; \
        no longer your customer; no longer a customer; no longer be; no longer want; no longer interested; \
        take us off; take me off; off the plan; resign; resigning; resignation; done with; we are done; \
        were done; leave your; decided to leave; decided against; decided not; deciding against; \
        say goodbye; different provider; another provider; other provider; different tool; another tool; \
        other tool; different system; another system; different service; another service; something else; \
        found something; found another; found a cheaper; found a better; replaced you; replacing you; \
        in house; inhouse; built our own; build our own; cancelation; cancelations; unsub; exit the; \
        exit our; break the contract; revoke our; revoke my; dissolve; end of contract; end the contract; \
        contract end; ends in; expire and; let it expire; let it lapse; lapse; remove the subscription; \
        remove our subscription; remove my subscription; remove subscription; delete subscription; \
        delete our subscription; remove the addon; remove the add on; remove the module",
    ),
    (
        "erase",
        "delete my account; delete our account; delete my data; delete our data; delete all; \
        delete everything; erase; erasure; wipe; remove my account; remove the account; remove our account; \
        remove all my; remove all our; remove my data; personal data; right to be forgotten; data deletion; \
        delete my profile; delete my; delete our; delete the account; delete the workspace; delete the org*; \
        delete this; deregister; deactivate my account; deactivate our; konto löschen; supprimer mon; \
        eliminar mi; cancellare il; verwijder; remove my profile; remove our workspace; remove our org*; \
        remove our company; remove all data; remove all employee; remove everything; delete all my; \
        delete all our; delete our workspace; delete our org*; delete our company; delete my user; \
        delete it all; clear all; purge; destroy; all our data; all my data; everything you have; forget me; \
        data you have; data you hold; close it all",
    ),
    (
        "downgrade",
        "downgrad*; go back to free; back to free; to the free; to free; free version; pause; pausing; \
        suspend my; suspend our; on hold; reduce; remove seats; fewer seats; cheaper plan; lower plan; \
        smaller plan; lower tier; herabstufen",
    ),
    (
        "contract",
        "contract*; agreement*; subscription*; membership*; renew*; renewal*; trial; free trial; subscribe; \
        subscribed; expire*; expiring; notice; annual plan; yearly plan; monthly plan; auto renewal; vertrag*; \
        abo; abonnement*; contrat*; contrato*; suscripci*; contratto; abbonamento; assinatura; umow*",
    ),
    (
        "going_away",
        "too expensive; budget cut*; budget has been; out of budget; cost cutting; going out of business; \
        closing down; company is closing; shutting our; acquired; project ended; project is over; \
        project is done; finished the project; not what we; not what i; didnt work out; doesnt fit; \
        not for us; not for me; by mistake; by accident; accidentally; goodbye; thanks for everything; \
        thanks for the ride; effective; end of the month; end of this month; end of month; end of the year; \
        at the end; before the next; last day; as of; immediately; confirm that; in writing; written notice; \
        folded; bankrupt*; insolven*; liquidat*; retire; retiring; retired; sold the; sold our; sold my; \
        stop trading; no budget; cut costs; cutting costs; save money; saving money; seasonal; \
        season is over; project cancelled; pilot is over; pilot ended; trial is over; trial ended; \
        not convinced; not a fit; no fit; not useful; not needed; no need; nobody uses; no one uses; \
        hardly use; barely use; rarely use; never used; dont use it; didnt use; last month; next month; \
        from july; from june; from january; end of june; end of july; end of may; end of march; \
        end of quarter; billing period; confirm in writing; please confirm; confirm the; with effect; \
        with immediate; as of the",
    ),
    (
        "delivery",
        "deliver*; ship; ships; shipped; shipping; shipment*; parcel; package; courier; tracking; track my; \
        arriv*; eta; dispatch*; warehouse; return label; out for delivery; lieferung; versand; livraison; envío; \
        spedizione; entrega",
    ),
    (
        "order",
        "order; orders; ordered; ordering; item; items; cart; checkout; basket; purchase; purchases; bestell*; \
        commande; pedido; ordine; bestelling",
    ),
    (
        "banking",
        "transaction*; transfer*; deposit*; withdraw*; atm; atms; pin; account balance; beneficiary; loan*; \
        mortgage; savings; checking; credit score; credit limit; interest; apr; routing number; overdraft; \
        identity; exchange*",
    ),
];
