/** Canned conversations, rows and details for looking at the pages. Not shipped. */
import type { Clock, Customer, Detail, Priority, Row } from "../shared/desk-protocol.js";
import type { Conversation, Message, Notice, Owner, Queue } from "../shared/protocol.js";

const START = Date.now() - 12 * 60_000;
let ids = 0;

export const LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Montgomery Featherstonehaugh-Cholmondeley III";

export function message(seq: number, author: Message["author"], text: string, extra: Partial<Message> = {}): Message {
  return {
    id: `ms_${(ids += 1)}`, seq, kind: "text", author, text, at: new Date(START + seq * 45_000).toISOString(), client_id: null, answer: null,
    buttons: [], notice: null, epoch: 1, ...extra,
  };
}

export const BOT = { kind: "bot", name: "Fernhill assistant" } as const;
export const DANA = { kind: "customer", name: "Dana Whitfield" } as const;
export const MAYA = { kind: "agent", name: "Maya Ortiz" } as const;
const SYSTEM = { kind: "system", name: "Baton" } as const;

export function notice(seq: number, value: Notice, text: string, extra: Partial<Message> = {}): Message {
  return message(seq, SYSTEM, text, { kind: "notice", notice: value, ...extra });
}

export const PASSAGE =
  "<p>Every invoice is kept as a PDF for <strong>ten years</strong>. Workspace owners and billing contacts can download them.</p>" +
  "<ol><li>Open <em>Settings → Billing → Invoices</em>.</li><li>Choose the year.</li><li><mark>Press </mark><code><mark><mark>Download</mark> <mark>PDF</mark></mark></code><mark> beside the <mark>invoice</mark>.</mark></li></ol>" +
  '<p>To receive invoices by e-mail, add an address under <a href="/help/billing-contacts">billing contacts</a>.</p><script>window.hacked=1</script><img src=x onerror="window.hacked=2">';

export function answer(seq: number, extra: Partial<Message> = {}): Message {
  return message(seq, BOT, "Here is what our help centre says:", {
    kind: "answer",
    answer: { article_id: "fh-0019", slug: "download-invoices", title: "Download your invoices", heading: "Download one invoice", url: "/help/download-invoices", html: PASSAGE },
    buttons: [{ id: `bt_${ids}a`, title: "Yes, that helped", used: false }, { id: `bt_${ids}b`, title: "No, not quite", used: false }, { id: `bt_${ids}c`, title: "Talk to a person", used: false }],
    ...extra,
  });
}

const opening = (): Message[] => [message(1, DANA, "hi! can I get my invoices as pdf?"), answer(2)];
const handed = (): Message[] => [
  ...opening(),
  message(3, DANA, "That page says I have no permission. I need the October invoice for our auditors today."),
  message(4, BOT, "I am handing you over to a person."),
  notice(5, { type: "queued", reason: "asked" }, "I've passed this conversation to our team. Everything you wrote is with them, so you won't have to repeat it."),
];
const withMaya = (): Message[] => [
  ...handed(),
  notice(6, { type: "claimed", agent: "Maya Ortiz" }, "Maya Ortiz has joined the conversation."),
  message(7, MAYA, "Hello Dana, I can see the permission problem: your role is Member, and invoices need a billing contact. I have added you now.\n\nPlease reload https://app.fernhill.example/settings/billing and try again."),
  message(8, DANA, "Brilliant, that works. Thank you!"),
];

const QUEUE: Queue = { position: 2, staffed: true, wait_minutes: 4, wait_is_estimate: true, reply_by: null };
const AWAY: Queue = { position: 1, staffed: false, wait_minutes: null, wait_is_estimate: false, reply_by: new Date(Date.now() + 15 * 3600_000).toISOString() };

export interface Scene { conversation: Conversation; messages: Message[] }

function scene(owner: Owner, messages: Message[], extra: Partial<Conversation> = {}): Scene {
  return {
    conversation: {
      id: `cv_${(ids += 1)}`, owner, epoch: owner === "bot" ? 1 : owner === "queue" ? 2 : 3, agent: owner === "agent" ? { name: "Maya Ortiz" } : null, bot: "ready",
      last_event: messages.length, queue: null, rating: null, email: null, customer: { name: "Dana Whitfield" }, ...extra,
    },
    messages,
  };
}

export const SCENES: Record<string, () => Scene> = {
  welcome: () => scene("bot", []),
  answer: () => scene("bot", opening()),
  starting: () => scene("bot", [message(1, DANA, "hi! can I get my invoices as pdf?")], { bot: "starting" }),
  down: () => scene("bot", [message(1, DANA, "hi!"), notice(2, { type: "bot_unavailable" }, "I can't answer right now. Your message is saved. You can try again in a moment, or talk to a person.", { buttons: [{ id: "bt_p", title: "Talk to a person", used: false }] })], { bot: "down" }),
  queue: () => scene("queue", handed(), { queue: QUEUE }),
  away: () => scene("queue", handed(), { queue: AWAY }),
  saved: () => scene("queue", handed(), { queue: AWAY, email: "dana.whitfield@alder-and-finch.example" }),
  agent: () => scene("agent", withMaya()),
  rating: () => scene("bot", [...withMaya(), notice(9, { type: "resolved" }, "Maya Ortiz has marked this as resolved. If you have another question, just ask.")], { epoch: 4, rating: { requested: true, score: null } }),
  closed: () => scene("closed", withMaya()),
  long: () => scene("agent", [
    message(1, DANA, "https://app.fernhill.example/" + "averyveryverylongpathwithoutanybreak".repeat(6)),
    message(2, BOT, "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft".repeat(2)),
    message(3, DANA, "<img src=x onerror=alert(1)> <b>not bold</b>"),
    message(4, DANA, "مرحبا، كيف يمكنني تنزيل الفواتير بصيغة PDF؟"),
    message(5, { kind: "agent", name: LONG_NAME }, "أهلاً! يمكنك ذلك من الإعدادات."),
    message(6, DANA, "Line one\nline two\n\n    indented 👩🏽‍🚀 🎉"),
  ], { agent: { name: LONG_NAME } }),
};

// ---- the desk ------------------------------------------------------------------------------------------------------

export function clock(metric: Clock["metric"], minutesLeft: number, state: Clock["state"] = "running", target = 120): Clock {
  const due = Date.now() + minutesLeft * 60_000;
  return {
    metric, state, started_at: new Date(due - target * 60_000).toISOString(), due_at: new Date(due).toISOString(), warn_at: new Date(due - target * 12_000).toISOString(),
    met_at: state === "met" ? new Date(due - 60_000).toISOString() : null, breached_at: state === "breached" ? new Date(due).toISOString() : null,
    target_minutes: target, remaining_seconds: minutesLeft * 60,
  };
}

function row(n: number, name: string | null, plan: string | null, subject: string, priority: Priority, reason: string, minutesLeft: number, extra: Partial<Row> = {}): Row {
  return {
    id: `cv_r${n}`, number: `FH-${1000 + n}`, subject, customer: { name, plan }, owner: "queue", epoch: 2, agent: null, priority, category: "billing", tags: [], reason,
    last_message: { text: subject, author_kind: "customer", at: new Date(Date.now() - n * 7 * 60_000).toISOString() }, unanswered: n % 2 === 0,
    clock: clock("first_response", minutesLeft, minutesLeft < 0 ? "breached" : "running"), updated_at: new Date(Date.now() - n * 7 * 60_000).toISOString(), ...extra,
  };
}

export const ME = { id: "st_maya", name: "Maya Ortiz", email: "maya@fernhill.example", role: "agent" } as const;

export function rows(): Row[] {
  return [
    row(2, "Dana Whitfield", "Business", "October invoice for the auditors, no permission", "high", "asked", 18),
    row(1, "Tomasz Kowalczyk", "Enterprise", "We are leaving for another tool at the end of the month", "urgent", "cancellation", -14, { category: "cancellation", tags: ["churn-risk"] }),
    row(3, LONG_NAME, "Enterprise Nonprofit Annual", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft does not load in the calendar", "normal", "repeated_failure", 95),
    row(4, null, null, "Is there an API for milestones?", "low", "not_helpful", 1330, { visitor: "7F3A" }),
    row(6, "ليلى حداد", "Starter", "لا أستطيع تسجيل الدخول إلى حسابي", "normal", "frustration", 240),
    row(5, "Ines Ferreira", "Business", "Two-factor phone lost", "high", "security", 3, { owner: "agent", agent: { id: ME.id, name: ME.name }, epoch: 3, category: "security", clock: clock("next_response", 3, "running", 30) }),
    row(7, "Piotr Nowak", "Starter", "Import from Trello stops at 80 %", "normal", "action_failed", 400, { owner: "agent", agent: { id: ME.id, name: ME.name }, epoch: 3, unanswered: false, clock: clock("resolution", 400, "paused", 1440) }),
    row(8, "Grace Lindqvist", "Free", "How do I archive a project?", "low", "", 0, { owner: "bot", number: null, epoch: 1, priority: null, reason: null, clock: null, unanswered: false }),
    row(9, "Sam Oduya", "Business", "Wrong currency on the invoice", "normal", "asked", 0, { owner: "bot", epoch: 5, clock: null, unanswered: false, tags: ["resolved"] }),
    row(11, "Olu Adeniran", "Enterprise", "Webhook deliveries stop after a key rotation", "high", "repeated_failure", 31, { owner: "agent", agent: { id: "st_jonas", name: "Jonas Lindgren" }, epoch: 3, clock: clock("next_response", 31, "running", 60) }),
    row(10, "Noor Haddad", "Business", "Taken by a colleague", "normal", "asked", 44, { epoch: 1 }),
    row(12, null, null, "", "normal", "asked", 61, { subject: null, last_message: null, visitor: "0B91", page: "Pricing and plans · Fernhill" }),
    row(13, null, null, "Do you have a mobile app?", "low", "", 0, { owner: "bot", number: null, epoch: 3, priority: null, reason: null, clock: null, unanswered: false, visitor: "C2E4", tags: ["withdrawn"] }),
  ];
}

export function detail(of: Row): Detail {
  const name = of.customer.name ?? "Visitor";
  const withdrawn = of.tags.includes("withdrawn");
  const who = { kind: "customer", name } as const;
  const known = of.customer.name !== null;
  const messages: Message[] = [
    message(1, who, "hi! can I get my invoices as pdf?"),
    { ...answer(2), buttons: [{ id: "b1", title: "Yes, that helped", used: false }, { id: "b2", title: "No, not quite", used: true }] },
    message(3, who, "No, not quite"),
    message(4, BOT, "I am sorry that it did not help. Could you tell me what you see instead?"),
    message(5, who, of.last_message?.text ?? of.subject ?? ""),
  ];
  if (of.owner !== "bot") messages.push(notice(6, { type: "queued", reason: of.reason ?? "asked" }, "I've passed this conversation to our team."));
  if (of.owner === "agent") {
    messages.push(notice(7, { type: "claimed", agent: "Maya Ortiz" }, "Maya Ortiz has joined the conversation."));
    messages.push(message(8, MAYA, "Hello! I am looking at this now. Can you tell me which workspace it is?"));
    messages.push(message(9, MAYA, "Account has two owners; the second one can reset two-factor for her. Checked identity by the billing e-mail.", { kind: "note" }));
    messages.push(message(10, who, "It is the “Alder & Finch” workspace. Thank you for being so quick!"));
  }
  const customer: Customer = {
    id: "cu_1", name: of.customer.name, email: known ? "dana.whitfield@alder-and-finch.example" : null, known, plan: of.customer.plan, mrr: known ? 4860 : null, currency: "USD",
    since: known ? "2024-03-03T00:00:00Z" : null, company: known ? "Alder & Finch" : null, seats: known ? 324 : null,
    health: known ? { score: 56, band: "at_risk", signals: [
      { name: "product_usage", score: 85, weight: 0.3, detail: "17 login days in the last 30" }, { name: "feature_adoption", score: 50, weight: 0.2, detail: "4 of 8 core features" },
      { name: "support_sentiment", score: 33, weight: 0.15, detail: "1 of 3 tickets resolved in 90 days" }, { name: "expansion", score: 40, weight: 0.15, detail: "usage at 0.9 of last month" },
      { name: "payments", score: 60, weight: 0.2, detail: "1 failed payment in 90 days" }] } : null,
    tickets: known ? [{ number: "FH-0911", subject: "Wrong currency on the invoice", status: "resolved", priority: "normal", created_at: "2026-09-12T10:00:00Z", resolved_at: "2026-09-12T16:00:00Z" },
      { number: "FH-0764", subject: "Charged twice in June", status: "resolved", priority: "high", created_at: "2026-06-30T10:00:00Z", resolved_at: "2026-07-01T16:00:00Z" }] : [],
    page: { url: "https://app.fernhill.example/settings/billing", title: "Billing · Fernhill" },
  };
  const at = new Date(START + 240_000).toISOString();
  const handedOver = of.owner !== "bot" || of.tags.includes("resolved") || withdrawn;
  return {
    row: of, messages, customer, rating: null,
    clocks: handedOver ? [of.clock ?? clock("first_response", 5, "met"), clock("resolution", 430, "running", 480), ...(of.clock?.metric === "first_response" ? [] : [clock("first_response", 2, "met")])] : [],
    ticket: handedOver ? { id: `tk_${of.id}`, number: of.number ?? "", subject: of.subject ?? "", status: withdrawn ? "closed" : "open", category: of.category, priority: of.priority ?? "normal", team: "billing", tags: ["invoices", ...of.tags],
      reasons: ["A billing question is high priority on the Business plan.", "The customer names a deadline: today."], created_at: at, resolved_at: null,
      overrides: of.id === "cv_r5" ? [{ field: "priority", old: "normal", new: "high", by: "Maya Ortiz", at }] : [] } : null,
    package: handedOver ? { version: 1, reason: { code: of.reason ?? "asked", words: "The customer asked for a person." },
      summary: ["Needs the October invoice as a PDF for an audit today.", "The help article was shown; their role lacks the permission."],
      entities: [{ entity: "date", value: "October", text: "October", message_id: null }, { entity: "document", value: "invoice", text: "invoice", message_id: null }],
      intents: [{ message_id: null, text: "hi! can I get my invoices as pdf?", intent: "download_invoice", confidence: 0.94 }, { message_id: null, text: "That page says I have no permission.", intent: "permissions", confidence: 0.61 }],
      signals: [{ name: "frustration", score: 0.6, words: ["ridiculous"], message_id: null }], language: null,
      articles: [{ article_id: "fh-0019", title: "Download your invoices", url: "/help/download-invoices", shown_at: at, opened: true, vote: "not_helpful" }],
      attempted: ["Showed “Download your invoices”", "Asked what the customer sees instead"], handed_over_at: at } : null,
  };
}
