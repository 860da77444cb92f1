/** What a reader will see, as the service renders it: made anew once the writing pauses, and scrolled to where one writes. */
import { css, html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import { articleFragment } from "../shared/passage.js";
import { base } from "../shared/tokens.js";
import { heightOf, type Place } from "./following.js";
import { articleStyle } from "./studio-style.js";

const PAUSE_MS = 350;
/** Between these shares of its height the preview stays as it is; from elsewhere it is scrolled so that one writes at `AIM`. */
const [UPPER, AIM, LOWER] = [0.05, 0.35, 0.75];

export class ArticlePreview extends LitElement {
  static define(tag = "desk-article-preview"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, articleStyle, css`
    :host { display: flex; flex-direction: column; min-height: 0; }
    .page { flex: 1; min-height: 0; overflow-y: auto; padding: 20px 22px; border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); }
    .page:focus-visible { outline-offset: -2px; }
    .title { font-size: 23px; line-height: 1.2; font-weight: 700; letter-spacing: -.02em; overflow-wrap: anywhere; }
    .lead { margin-top: 8px; color: var(--text-2); font-size: 16px; line-height: 1.5; overflow-wrap: anywhere; }
    .text { margin-top: 20px; }
    .old { border-top-color: var(--accent); cursor: progress; }
    .problem { margin-bottom: 12px; padding: 10px 12px; border-radius: var(--radius-s); background: var(--danger-soft); color: var(--danger-text); font-size: 13px; }
    .problem .button { margin-top: 8px; }
    .nothing { color: var(--text-2); }
  `];

  @property({ attribute: false }) make!: (content: string, signal: AbortSignal) => Promise<string>;
  /** Tells whether the error says that the session has ended, and sees to it. */
  @property({ attribute: false }) lostSession!: (error: unknown) => boolean;
  @property() heading = "";
  @property() excerpt = "";
  @property() content = "";
  /** Where one writes; null before anybody does. */
  @property({ attribute: false }) place: Place | null = null;
  @state() private problem: string | null = null;
  @state() private old = false;
  @query(".page") private readonly page!: HTMLElement | null;
  @query(".text") private readonly text!: HTMLElement | null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #abort: AbortController | null = null;
  #made = false;

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#abort?.abort();
  }

  override render(): TemplateResult {
    return html`<div class="page ${this.old ? "old" : ""}" role="region" aria-label="Preview" tabindex="0" aria-busy=${this.old ? "true" : "false"} data-testid="desk-article-preview">
      ${this.problem === null ? nothing : html`<div class="problem" role="alert">The preview is of what was written before. ${this.problem}<br><button type="button" class="button" @click=${() => void this.#make()}>Try again</button></div>`}
      <h2 class="title" dir="auto">${this.heading || "Untitled"}</h2>
      ${this.excerpt === "" ? nothing : html`<p class="lead" dir="auto">${this.excerpt}</p>`}
      ${this.content.trim() === "" ? html`<p class="nothing">What is written in the text appears here as readers see it.</p>` : nothing}
      <div class="text" dir="auto"></div></div>`;
  }

  override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("content")) this.old = this.content.trim() !== "";
  }

  override updated(changed: PropertyValues<this>): void {
    if (changed.has("content")) this.#remake();
    else if (changed.has("place")) this.#follow();
  }

  #remake(): void {
    this.#abort?.abort();
    clearTimeout(this.#timer);
    if (this.content.trim() === "") {
      this.text?.replaceChildren();
      return;
    }
    if (this.#made) this.#timer = setTimeout(() => void this.#make(), PAUSE_MS);
    else void this.#make();
    this.#made = true;
  }

  async #make(): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    try {
      const made = await this.make(this.content, abort.signal);
      if (abort.signal.aborted) return;
      this.text?.replaceChildren(articleFragment(made, location.origin));
      this.problem = null;
      this.old = false;
      this.#follow();
    } catch (error) {
      if (!abort.signal.aborted && !this.lostSession(error)) this.problem = messageOf(error);
    }
  }

  /** What is rendered of earlier words has other headings: it waits for the next. */
  #follow(): void {
    const { page, text, place } = this;
    if (page === null || text === null || place === null || this.old) return;
    const { top, height } = text.getBoundingClientRect();
    const tops = [...text.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((one) => one.getBoundingClientRect().top - top);
    const at = top - page.getBoundingClientRect().top + heightOf(place, tops, height);
    if (at < page.clientHeight * UPPER || at > page.clientHeight * LOWER) page.scrollTop += at - page.clientHeight * AIM;
  }
}
