/** A clock's time left, ticking with the page's one timer. Attribute-free: `clock` in, nothing out. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property } from "lit/decorators.js";
import { everySecond, now } from "../shared/clock.js";
import type { Clock } from "../shared/desk-protocol.js";
import { countdown } from "../shared/time-format.js";
import { base } from "../shared/tokens.js";

export class Countdown extends LitElement {
  static define(tag = "baton-countdown"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, css`
    :host { display: inline-flex; font-size: 12px; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; line-height: 20px; }
    span.shown { padding: 0 6px; border-radius: 5px; background: var(--sunken); color: var(--text-2); }
    .soon { background: var(--warn-soft); color: var(--warn-text); }
    span.shown.soon { background: var(--warn-soft); color: var(--warn-text); }
    span.shown.overdue { background: var(--danger-soft); color: var(--danger-text); }
    span.shown.paused, span.shown.done { background: none; color: var(--text-3); padding: 0; font-weight: 500; }
  `];

  @property({ attribute: false }) clock: Clock | null = null;
  #stop: (() => void) | null = null;

  override connectedCallback(): void {
    super.connectedCallback();
    this.#stop = everySecond(() => this.requestUpdate());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#stop?.();
  }

  override render(): TemplateResult | typeof nothing {
    if (this.clock === null) return nothing;
    const { text, words, urgency } = countdown(this.clock, now());
    return html`<span class="shown ${urgency}" title=${words} aria-hidden="true" data-urgency=${urgency}>${text}</span><span class="visually-hidden">${words}</span>`;
  }
}
