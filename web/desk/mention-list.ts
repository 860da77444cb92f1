/** Offers colleagues while an `@name` is being written in a field: the list, its keys, and what those who hear the page are told. */
import { css, html, nothing, type ReactiveControllerHost, type TemplateResult } from "lit";
import { matching, mentionAt, type Reader } from "./mentions.js";

/** What the list needs of the field around it. */
export interface MentionField {
  area(): HTMLTextAreaElement;
  /** Who may read the conversation; asked for when the first `@` is written. */
  readers(): Promise<Reader[]>;
  /** A name has been written into the field. */
  named(): void;
}

export const mentionStyle = css`
  .people { padding: 4px; border: 1px solid var(--border); border-radius: var(--radius); background: var(--bg); color: var(--text); box-shadow: var(--shadow); }
  .people li { padding: 6px 10px; border-radius: var(--radius-s); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; cursor: pointer; }
  .people li[aria-selected="true"] { background: var(--accent-soft); color: var(--accent-text); font-weight: 600; }
`;

export class MentionList {
  #offered: readonly Reader[] = [];
  #chosen = 0;
  #people: Promise<Reader[]> | null = null;
  readonly #host: ReactiveControllerHost;
  readonly #field: MentionField;

  constructor(host: ReactiveControllerHost, field: MentionField) {
    this.#host = host;
    this.#field = field;
  }

  get shown(): boolean {
    return this.#offered.length > 0;
  }

  /** The ids of the list and of the name in it that the keys are at, for the field to point at; null while there is none. */
  get list(): string | null {
    return this.shown ? "people" : null;
  }

  get active(): string | null {
    return this.shown ? `person-${this.#chosen}` : null;
  }

  close(): void {
    this.#offer([]);
  }

  /** Another conversation has others who may read it. */
  forget(): void {
    this.#people = null;
    this.close();
  }

  /** Offers whose name is being written at the caret. */
  async typed(): Promise<void> {
    if (this.#written() === null) {
      this.close();
      return;
    }
    const asked = this.#ask();
    const people = await asked;
    if (asked !== this.#people) return; // of another conversation, or they could not be told
    const mention = this.#written();
    this.#offer(mention === null ? [] : matching(people, mention.typed));
  }

  /** Whether a key was for the list. */
  key(event: KeyboardEvent): boolean {
    const one = this.#offered[this.#chosen];
    if (one === undefined || event.ctrlKey || event.metaKey || event.altKey) return false;
    if (event.key === "Enter" || event.key === "Tab") this.#name(one, event);
    else if (event.key === "Escape") this.close();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#chosen = (this.#chosen + step + this.#offered.length) % this.#offered.length;
      this.#host.requestUpdate();
    } else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  }

  render(): TemplateResult {
    const many = this.#offered.length;
    return html`<p class="visually-hidden" role="status">${many === 0 ? "" : `${many === 1 ? "1 colleague" : `${many} colleagues`} by that name. Arrow keys choose, Enter names.`}</p>
      ${many === 0 ? nothing : html`<ul class="people" id="people" role="listbox" aria-label="Colleagues" data-testid="desk-people">${this.#offered.map((one, place) => html`<li role="option"
        id="person-${place}" dir="auto" aria-selected=${place === this.#chosen ? "true" : "false"} @pointerdown=${(event: Event) => this.#name(one, event)}>${one.name}</li>`)}</ul>`}`;
  }

  #ask(): Promise<Reader[]> {
    this.#people ??= this.#field.readers().catch(() => {
      this.#people = null; // the next letter asks again
      return [];
    });
    return this.#people;
  }

  #written(): { from: number; typed: string } | null {
    const area = this.#field.area();
    return mentionAt(area.value, area.selectionStart);
  }

  #name(one: Reader, event: Event): void {
    event.preventDefault(); // the field keeps the focus
    const mention = this.#written();
    this.close();
    if (mention === null) return;
    const area = this.#field.area();
    area.setRangeText(`@${one.name} `, mention.from, area.selectionStart, "end");
    this.#field.named();
  }

  #offer(people: readonly Reader[]): void {
    this.#offered = people;
    this.#chosen = 0;
    this.#host.requestUpdate();
  }
}
