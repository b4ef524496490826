//! The built-in words of the categories billing, sales.
//!
//! One string per list, parted by semicolons. Apostrophes are left out, as matching leaves them out. A word belongs
//! here when it is far more common in this category than in the others; what is common everywhere helps nobody.

/// Money that was asked for, paid or owed, and ending a contract. Single words.
pub const BILLING_KEYWORDS: &str = "\
    invoice; invoices; invoiced; invoicing; billing; billed; bill; refund; refunds; refunded; refunding; \
    charge; charged; charges; overcharged; receipt; receipts; payment; payments; vat; iban; sepa; paypal; \
    payout; payouts; prorated; proration; chargeback; reimbursement; remittance; coupon; subscription; \
    subscriptions; renewal; renews; autorenew; unsubscribe; downgrade; cancellation; overdue; dunning; \
    cancel; cancels; canceled; cancelled; canceling; cancelling; terminate; termination; discontinue; \
    discontinuing; pay; paying; paid; owe; owed; fee; fees; tax; taxes; bills; statement; declined; \
    rechnung; rechnungen; erstattung; rückerstattung; abbuchung; abgebucht; kündigung; kündigen; zahlung; \
    mahnung; gutschrift; lastschrift; abrechnung; facture; factures; facturation; remboursement; \
    rembourser; remboursé; prélèvement; résilier; résiliation; paiement; abonnement; abo; factura; \
    facturas; facturación; reembolso; reembolsar; cobro; cobrado; cobraron; pago; suscripción; fattura; \
    fatture; rimborso; addebito; pagamento; disdetta; fatura; faturas; cobrança; factuur; facturen; \
    terugbetaling; faktura; 请款; 发票; 退款; 账单; 扣款; 付款; 请求書; 請求書; 返金; 支払い; 領収書; 解約; \
    청구서; 환불; 결제; 영수증; ใบแจ้งหนี้; คืนเงิน";

/// Money that was asked for, paid or owed, and ending a contract. Phrases.
pub const BILLING_PHRASES: &str = "\
    credit card; credit note; credit notes; debit card; card declined; card was declined; card on file; \
    card expires; card expired; payment method; payment failed; failed payment; payment terms; \
    payment details; payment link; past due; amount due; balance due; outstanding balance; double charged; \
    charged twice; billed twice; twice this month; charged me; charged us; got charged; was charged; \
    been charged; were charged; still charged; still being charged; charge on my; charges on our; \
    unexpected charge; wrong amount; invoice is wrong; wrong invoice; money back; get a refund; want a refund; request a refund; refund for; \
    billing address; billing email; billing contact; billing department; billing period; billing cycle; \
    billing page; our bill; my bill; purchase order; po number; tax id; vat id; vat number; sales tax; \
    tax exempt; bank transfer; wire transfer; bank account; bank details; direct debit; accounts payable; \
    accounting department; our accountant; next invoice; last invoice; the invoice; our invoice; \
    my invoice; an invoice for; invoice for; copy of the invoice; send me the invoice; pay by; pay with; \
    pay the; how much do we owe; do we owe; we paid; i paid; already paid; promo code; discount code; \
    coupon code; unused seats; annual billing; switch to annual; switch to yearly; cancel my subscription; \
    cancel our subscription; cancel the subscription; cancel my plan; cancel our plan; cancel my account; \
    cancel our account; cancel my membership; cancel the contract; cancel the renewal; cancel before; \
    please cancel; like to cancel; want to cancel; need to cancel; how do i cancel; how can i cancel; \
    how to cancel; auto renew; auto renewal; not renew; dont renew; wont renew; end our plan; \
    end our subscription; end my subscription; stop the subscription; terminate the contract; \
    terminate our contract; notice period; downgrade to; downgrade our; close my account; \
    close our account; close account; close the account; close our workspace; delete my account; \
    delete our account; delete the account; deleting my account; end my free trial; end our trial; \
    extend the contract; wind down; shut down the account; doppelt abgebucht; geld zurück; trop perçu; \
    carte bancaire; tarjeta de crédito; carta di credito; cartão de crédito; conto corrente";

/// Somebody might buy, or buy more. Single words.
pub const SALES_KEYWORDS: &str = "\
    pricing; quote; quotes; quotation; demo; demos; discount; discounts; reseller; resellers; resell; \
    procurement; rfp; rfi; upsell; trial; trials; enterprise; purchase; purchasing; buy; buying; licence; \
    license; licences; licenses; volume; nonprofit; nonprofits; partnership; whitelabel; poc; onboard; \
    prospect; msa; dpa; baa; hipaa; soc2; price; prices; seats; pilot; cheaper; cheap; negotiate; \
    commercial; commercially; corporate; evaluate; evaluating; evaluation; angebot; preisliste; preise; \
    rabatt; testversion; kaufen; devis; tarif; tarifs; acheter; presupuesto; cotización; descuento; \
    precios; comprar; preventivo; sconto; prezzi; orçamento; desconto; offerte; korting; prijzen; 报价; \
    价格; 多少钱; 折扣; 试用; 购买; 見積; 料金; 価格; 割引; 購入; 견적; 가격; 할인; 구매; ราคา; ส่วนลด";

/// Somebody might buy, or buy more. Phrases.
pub const SALES_PHRASES: &str = "\
    how much is; how much does; how much would; how much for; what does it cost; what would it cost; \
    what is the price; whats the price; price list; price for; prices for; price comparison; per seat; \
    per user; per month for; price per; pricing for; pricing page; your pricing; book a demo; \
    schedule a demo; get a demo; see a demo; a demo of; product demo; request a demo; live demo; \
    free trial; trial period; extend our trial; extend the trial; extend my trial; start a trial; \
    proof of concept; talk to sales; talk to someone in sales; contact sales; sales team; sales rep; \
    from sales; speak to sales; account executive; account manager; commercial terms; price be; \
    startup credits; send a quote; get a quote; send us a quote; a quote for; need a quote; \
    volume discount; bulk discount; student discount; startup discount; discount for; non profit; \
    any discount; any discounts; special offer; black friday; enterprise plan; enterprise tier; \
    enterprise pricing; enterprise licence; enterprise license; business plan; pro plan; which plan; \
    what plan; compare plans; difference between the plans; top tier; more seats; additional seats; \
    add seats; extra seats; more licences; more licenses; additional licences; additional licenses; \
    volume pricing; interested in; we are interested; were interested; considering your; looking to buy; \
    want to buy; like to buy; before we buy; ready to buy; planning to buy; like to purchase; upgrade to; \
    upgrade our; want to upgrade; like to upgrade; roll this out; roll it out; roll out to; \
    security review; security questionnaire; vendor form; sign a contract; sign a dpa; sign a baa; \
    do you offer; do you sell; do you have a plan; do you have a free; become a partner; partner program; \
    reseller program; affiliate program; white label; on prem version; self hosted version; site licence; \
    site license; lifetime licence; lifetime license; lifetime deal; minimum number of; new customer; \
    potential customer; competitor of; compared to; evaluating your; start with; was kostet; \
    wie viel kostet; ein angebot; combien coûte; un devis; cuánto cuesta; quanto costa; quanto custa; \
    hoeveel kost; ile kosztuje; сколько стоит; ne kadar";
