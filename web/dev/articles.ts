/** Articles as the stand-in has them: enough of the service's rules that the page can be worked with, and what is hostile. */
import type { ArticleDetail, ArticleFields, ArticleList, ArticleRow, ArticleStatus, ArticleVersionDetail } from "../studio/article-types.js";
import { changedFields, EMPTY_FIELDS, sameFields } from "../studio/fields.js";
import { seenBy } from "../studio/seen-by.js";
import { isSlug, slugOf } from "../studio/slug.js";

const DAY = 86_400_000;
const before = (days: number): string => new Date(Date.now() - days * DAY).toISOString();
const MARKUP = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>";
const INVOICES = `Fernhill makes an invoice **on the day your plan renews** and keeps each of them for ten years.

## Download one invoice

1. Open **Settings → Billing → Invoices**.
2. Choose the invoice.
3. Press **Download PDF**.

## Who may see invoices

| Role | Sees invoices | Downloads them |
|---|---|---|
| Owner | yes | yes |
| Billing contact | yes | yes |
| Member | no | no |

> An invoice cannot be changed once it was sent. Write to us, and we make a new one.

\`\`\`
GET /v2/invoices?year=2026
\`\`\`
`;

interface Kept { id: string; versions: ArticleVersionDetail[]; draft: ArticleDetail["draft"]; revision: number; votes: ArticleRow["votes"]; review: string | null }
export interface Answer { status: number; body: unknown }

function fields(over: Partial<ArticleFields>): ArticleFields {
  return { ...EMPTY_FIELDS, content: INVOICES, category: "Billing", ...over, slug: over.slug ?? slugOf(over.title ?? "article") };
}

function kept(id: string, of: ArticleFields, over: Partial<Kept> = {}, status: ArticleStatus = "published", days = 3): Kept {
  return { id, versions: [{ number: 1, by: "import", at: before(days), changed: [], status, fields: of }], draft: null, revision: over.draft?.revision ?? 0, votes: { helpful: 9, not_helpful: 2 }, review: null, ...over };
}

function seeded(): Kept[] {
  const invoices = fields({ title: "Download your invoices", excerpt: "Where invoices are, and who may see them.", subcategory: "Invoices", tags: ["invoice", "pdf"], related: ["fh-2", "gone"], author: "Priya Raman" });
  const earlier = { ...invoices, title: "Download an invoice", content: INVOICES.replace("ten years", "seven years").replace("3. Press **Download PDF**.\n", "3. Press **PDF** in the menu on the right.\n4. Choose where to keep the file.\n"), tags: ["invoice"] };
  return [
    kept("fh-1", invoices, { review: "export-timeline", votes: { helpful: 3, not_helpful: 11 }, versions: [
      { number: 3, by: "Cora Lindqvist", at: before(0.1), changed: ["content", "tags"], status: "published", fields: invoices },
      { number: 2, by: "Amara Osei", at: before(40), changed: ["title"], status: "published", fields: { ...earlier, title: "Download your invoices" } },
      { number: 1, by: "import", at: before(200), changed: [], status: "published", fields: earlier },
    ] }),
    kept("fh-2", fields({ title: "Change your plan", subcategory: "Plans", audience: "both" }), { draft: { revision: 2, based_on: 1, by: "Cora Lindqvist", at: before(0.02), stale: false, fields: fields({ title: "Change or pause your plan", slug: "change-your-plan", subcategory: "Plans", audience: "both", content: `${INVOICES}\nA plan can be paused for three months.\n` }) } }),
    kept("fh-3", fields({ title: "Refund limits for agents", category: "Internal", audience: "internal", visibility: "internal" }), { votes: { helpful: 0, not_helpful: 0 } }),
    kept("fh-4", fields({ title: "Sign in with single sign-on", category: "Account and security", subcategory: "Signing in", visibility: "authenticated" })),
    kept("fh-5", fields({ title: "Pause a plan", category: "" }), {}, "draft", 0.3),
    kept("fh-6", fields({ title: `${MARKUP} ${"Donaudampfschifffahrtsgesellschaft".repeat(5)}`, slug: "hostile", content: `# ${MARKUP}\n\n[link](javascript:alert(1)) ${"wordwithoutanend".repeat(40)}` }), { review: "hostile" }),
    kept("fh-7", fields({ title: "كيف أغيّر عنوان الفاتورة بعد إرسالها", slug: "change-invoice-address", category: "الفوترة", content: "## العنوان\n\nافتح **الإعدادات** ثم الفوترة." })),
    ...Array.from({ length: 60 }, (_, place) => kept(`fh-${place + 10}`, fields({ title: `Boards, lists and cards, part ${place + 1}`, slug: `boards-${place + 1}`, category: "Boards", subcategory: place % 2 ? "Lists" : "Cards" }), {}, "published", 5 + place)),
  ];
}

/** Articles that remember what was done with them; `me` is who does it. */
export class StandInArticles {
  #all = seeded();
  #written = 0;
  constructor(private readonly me: string) {}

  answer(method: string, url: URL, body: Record<string, unknown>): Answer {
    const [id, what, number] = url.pathname.replace(/^\/api\/desk\/articles\/?/, "").split("/").map(decodeURIComponent);
    if (url.pathname === "/api/desk/article-suggestions") return ok({ articles: this.#matching(url.searchParams.get("q") ?? "").slice(0, 8).map((one) => ({ id: one.id, title: now(one).fields.title })) });
    if (id === "preview") return ok({ html: rendered(String(body.content)) });
    if (!id) return method === "POST" ? this.#create(body as unknown as ArticleFields & { id?: string }) : ok(this.#list(url.searchParams));
    const one = this.#all.find((known) => known.id === id);
    if (one === undefined) return refused(404, "not_found", "There is no such article.");
    switch (what) {
      case undefined: return method === "DELETE" ? this.#delete(one, url.searchParams) : ok(detail(one));
      case "draft": return method === "PUT" ? this.#save(one, body as { fields: ArticleFields; based_on: number; revision: number }) : this.#discard(one, url.searchParams);
      case "publish": return this.#publish(one, body as { based_on: number; revision: number });
      case "unpublish": return this.#next(one, now(one).fields, "draft", body.based_on as number);
      case "restore": return this.#next(one, one.versions.find((version) => version.number === body.number)!.fields, now(one).status, body.based_on as number);
      default: return number === undefined ? ok({ versions: one.versions.map(({ number: of, by, at, changed, status }) => ({ number: of, by, at, changed, status })), next: null }) : ok(one.versions.find((version) => version.number === Number(number)));
    }
  }

  /** A colleague saves a draft, which is what somebody else's next save collides with. */
  colleagueWrites(id: string, change: Partial<ArticleFields> = {}, by = "Cora Lindqvist"): void {
    this.#written += 1;
    const content = `A colleague's words, the ${this.#written}. time.\n\n## And a heading\n`;
    const one = this.#all.find((known) => known.id === id)!;
    one.draft = { revision: (one.revision += 1), based_on: now(one).number, by, at: new Date().toISOString(), stale: false, fields: { ...(one.draft?.fields ?? now(one).fields), content, ...change } };
  }

  /** A version that nobody's draft was begun on: an import, or an earlier version restored. */
  importBrings(id: string, change: Partial<ArticleFields>, by = "import"): void {
    const one = this.#all.find((known) => known.id === id)!;
    one.versions.unshift({ ...now(one), number: now(one).number + 1, by, at: new Date().toISOString(), changed: Object.keys(change), fields: { ...now(one).fields, ...change } });
    if (one.draft !== null) one.draft = { ...one.draft, stale: true };
  }

  #matching(q: string): Kept[] {
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    return this.#all.filter((one) => words.every((word) => [now(one).fields.title, now(one).fields.slug, one.id, ...now(one).fields.tags].some((text) => text.toLowerCase().includes(word))));
  }

  #list(query: URLSearchParams): ArticleList {
    const [status, audience] = ["status", "audience"].map((name) => query.get(name) ?? "");
    const category = query.get("category");
    const found = this.#matching(query.get("q") ?? "").filter((one) => {
      const state = now(one);
      return (category === null || state.fields.category === category) && (!audience || seenBy(state.fields) === audience) && (!status || (status === "changed" ? one.draft !== null && state.status === "published" : state.status === status));
    }).sort((a, b) => now(b).at!.localeCompare(now(a).at!));
    const [from, limit] = [Number(query.get("after") ?? 0), Number(query.get("limit") ?? 50)];
    const names = [...new Set(this.#all.map((one) => now(one).fields.category))].sort();
    const of = (name: string): Kept[] => this.#all.filter((one) => now(one).fields.category === name);
    return {
      articles: found.slice(from, from + limit).map(row), next: from + limit < found.length ? String(from + limit) : null, total: found.length,
      categories: query.get("categories") === "false" ? null : names.map((name) => ({ name, articles: of(name).length, subcategories: [...new Set(of(name).map((one) => now(one).fields.subcategory))].filter(Boolean) })),
    };
  }

  #create({ id, ...of }: ArticleFields & { id?: string }): Answer {
    const made = this.#all.find((one) => one.id === id);
    if (made !== undefined && made.versions.length === 1 && sameFields(now(made).fields, of)) return { status: 201, body: detail(made) };
    if (made !== undefined) return refused(409, "conflict", `There is an article ${made.id} already.`, "id");
    const wrong = this.#wrong(of, null);
    if (wrong !== null) return wrong;
    const one = kept(id ?? of.slug, of, { votes: { helpful: 0, not_helpful: 0 } }, "draft", 0);
    one.versions[0]!.by = this.me;
    this.#all.unshift(one);
    return { status: 201, body: detail(one) };
  }

  #save(one: Kept, sent: { fields: ArticleFields; based_on: number; revision: number }): Answer {
    if ((one.draft?.revision ?? 0) !== sent.revision) return refused(409, "stale_version", `The draft has been saved by ${one.draft?.by ?? "somebody"} since you opened it.`);
    const wrong = this.#wrong(sent.fields, one.id);
    if (wrong !== null) return wrong;
    if (one.draft === null && deletable(one)) return this.#next(one, sent.fields, "draft", sent.based_on);
    one.draft = { revision: (one.revision += 1), based_on: sent.based_on, by: this.me, at: new Date().toISOString(), stale: sent.based_on !== now(one).number, fields: sent.fields };
    return ok(detail(one));
  }

  #publish(one: Kept, seen: { based_on: number; revision: number }): Answer {
    if ((one.draft?.revision ?? 0) !== seen.revision) return refused(409, "stale_version", `The draft has changed by ${one.draft?.by ?? "somebody"} since you opened it.`);
    return this.#next(one, one.draft?.fields ?? now(one).fields, "published", seen.based_on, true);
  }

  #discard(one: Kept, seen: URLSearchParams): Answer {
    if (one.draft !== null && Number(seen.get("revision")) !== one.draft.revision) return refused(409, "stale_version", `The draft has been saved by ${one.draft.by} since you opened it. It was not discarded: look at it first.`);
    one.draft = null;
    return ok(detail(one));
  }

  #delete(one: Kept, seen: URLSearchParams): Answer {
    if (!deletable(one)) return refused(409, "conflict", "Readers have seen this article, so it keeps its history. Unpublish it, and nobody finds it.");
    if (Number(seen.get("based_on")) !== now(one).number || Number(seen.get("revision")) !== (one.draft?.revision ?? 0)) {
      return refused(409, "stale_version", `The article was changed by ${one.draft?.by ?? now(one).by} since you opened it. It was not deleted: look at it first.`);
    }
    this.#all = this.#all.filter((other) => other !== one);
    return ok({});
  }

  #next(one: Kept, of: ArticleFields, status: ArticleStatus, basedOn: number, ends = false): Answer {
    const present = now(one);
    if (basedOn !== present.number) return refused(409, "stale_version", `${present.by} has changed this article since you opened it.`);
    const changed = [...changedFields(present.fields, of).map((name) => (name === "seen_by" ? "visibility" : name)), ...(status === present.status ? [] : ["status"])];
    if (changed.length > 0) one.versions.unshift({ number: present.number + 1, by: this.me, at: new Date().toISOString(), changed, status, fields: of });
    if (ends) one.draft = null;
    else if (one.draft !== null) one.draft = { ...one.draft, stale: one.draft.based_on !== now(one).number };
    return ok(detail(one));
  }

  #wrong(of: ArticleFields, id: string | null): Answer | null {
    if (of.title.trim() === "") return refused(400, "invalid", "The title is missing. Write one.", "title");
    if (of.content.trim() === "") return refused(400, "invalid", "The text is missing. Write one.", "content");
    if (!isSlug(of.slug)) return refused(400, "invalid", "Give it an address of small letters, digits and single hyphens.", "slug");
    const taken = this.#all.find((one) => one.id !== id && now(one).fields.slug === of.slug);
    return taken === undefined ? null : refused(409, "conflict", `The article “${now(taken).fields.title}” has this address already. Choose another one.`, "slug");
  }
}

const now = (one: Kept): ArticleVersionDetail => one.versions[0]!;
const deletable = (one: Kept): boolean => one.versions.every(({ status }) => status === "draft");
const ok = (body: unknown): Answer => ({ status: 200, body });
const refused = (status: number, code: string, message: string, field: string | null = null): Answer => ({ status, body: { error: { code, message, field } } });
const urlOf = (one: Kept): string | null => (now(one).status === "published" && seenBy(now(one).fields) === "everyone" ? `/help/${now(one).fields.slug}` : null);

function row(one: Kept): ArticleRow {
  const { fields: of, number, by, at, status } = now(one);
  return { id: one.id, slug: of.slug, title: of.title, category: of.category, subcategory: of.subcategory, audience: of.audience, visibility: of.visibility, status, has_draft: one.draft !== null, version: number, updated_at: at!, edited_by: by, votes: one.votes, views: 40, review_id: one.review, url: urlOf(one) };
}

function detail(one: Kept): ArticleDetail {
  const { fields: of, number, by, at, status } = now(one);
  const titles = { "fh-2": "Change your plan" };
  return {
    article: { id: one.id, version: number, status, created_at: one.versions.at(-1)!.at!, updated_at: at!, edited_by: by, url: urlOf(one), votes: one.votes, views: 40, review_id: one.review, deletable: deletable(one), fields: of },
    draft: one.draft, related: Object.entries(titles).map(([id, title]) => ({ id, title })),
  };
}

/** Next to nothing of Markdown: the service renders it. */
function rendered(markdown: string): string {
  const escaped = markdown.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const inline = (text: string): string => text.replace(/\*\*(.+?)\*\*/g, "<strong>$1</strong>").replace(/\*(.+?)\*/g, "<em>$1</em>").replace(/`(.+?)`/g, "<code>$1</code>").replace(/\[(.+?)\]\((.+?)\)/g, '<a href="$2">$1</a>');
  return escaped.split(/\n{2,}/).map((block) => {
    const lines = block.trim().split("\n");
    const level = /^#{1,6}(?= )/.exec(block)?.[0].length;
    if (level !== undefined) return `<h${level}>${inline(block.slice(level + 1))}</h${level}>`;
    if (block.startsWith("```")) return `<pre><code>${lines.slice(1, -1).join("\n")}</code></pre>`;
    if (/^\d+\. /.test(block)) return `<ol>${lines.map((line) => `<li>${inline(line.replace(/^\d+\. /, ""))}</li>`).join("")}</ol>`;
    if (/^- /.test(block)) return `<ul>${lines.map((line) => `<li>${inline(line.slice(2))}</li>`).join("")}</ul>`;
    if (block.startsWith("|")) return table(lines.map((line) => line.split("|").slice(1, -1).map((cell) => inline(cell.trim()))));
    if (block.startsWith("&gt; ")) return `<blockquote><p>${inline(block.slice(5))}</p></blockquote>`;
    return `<p>${inline(block)}</p>`;
  }).join("\n");
}

function table([head = [], , ...rows]: string[][]): string {
  const cells = (tag: string, of: string[]): string => `<tr>${of.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  return `<table><thead>${cells("th", head)}</thead><tbody>${rows.map((one) => cells("td", one)).join("")}</tbody></table>`;
}
