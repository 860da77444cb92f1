/** Search as you type: the form's field becomes a combobox with a list of articles (ARIA 1.2). Without it the form works as it is. */
import { ServiceError } from "../shared/errors.js";
import type { HelpApi, Offer, Offers, Piece } from "./help-api.js";

export const PAUSE_MS = 180;
/** A question that has stood this long without being sent is worth keeping when the page is left. */
export const SETTLED_MS = 1_500;
const SHORTEST = 2;

let boxes = 0;

export class SearchBox {
  readonly #api: HelpApi;
  readonly #go: (url: string) => void;
  readonly #input: HTMLInputElement;
  readonly #list: HTMLUListElement;
  readonly #status: HTMLParagraphElement;
  readonly #id = `offers-${(boxes += 1)}`;
  #offers: Offers | null = null;
  #active = -1;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #asking: AbortController | null = null;
  #settled: string | null = null;

  /** Takes over a search form: one with a text field in it. `go` leads to an address. */
  constructor(form: HTMLFormElement, api: HelpApi, go: (url: string) => void) {
    const input = form.querySelector<HTMLInputElement>('input[name="q"]');
    if (input === null) throw new Error("a search form needs a field called q");
    this.#api = api;
    this.#go = go;
    this.#input = input;
    this.#list = document.createElement("ul");
    this.#list.className = "offers";
    this.#list.id = this.#id;
    this.#list.hidden = true;
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", "Articles");
    this.#status = document.createElement("p");
    this.#status.className = "hidden";
    this.#status.setAttribute("role", "status");
    for (const [name, value] of Object.entries({ role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.#id })) {
      input.setAttribute(name, value);
    }
    form.append(this.#list, this.#status);
    input.addEventListener("input", this.#typed);
    input.addEventListener("keydown", this.#key);
    input.addEventListener("focus", () => this.#offers !== null && this.#question() === this.#offers.question && this.#show());
    // The list is closed when the focus leaves the whole form, not when it is pressed.
    form.addEventListener("focusout", (event) => !(event.relatedTarget instanceof Node && form.contains(event.relatedTarget)) && this.#close());
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", this.#pressed);
    form.addEventListener("submit", () => this.#forget());
    window.addEventListener("pagehide", () => this.#leave());
  }

  #question(): string {
    return this.#input.value.replace(/\s+/g, " ").trim();
  }

  #typed = (): void => {
    clearTimeout(this.#timer);
    clearTimeout(this.#settling);
    this.#asking?.abort(); // whatever is on its way answers an older question
    this.#asking = null;
    const question = this.#question();
    if (question.length < SHORTEST) {
      this.#forget();
      this.#close();
      return;
    }
    this.#timer = setTimeout(() => void this.#ask(question), PAUSE_MS);
    this.#settling = setTimeout(() => (this.#settled = question), SETTLED_MS);
  };

  async #ask(question: string): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const offers = await this.#api.offers(question, asking.signal);
      if (asking.signal.aborted) return;
      this.#offers = { ...offers, question };
      this.#render();
    } catch (error) {
      if (asking.signal.aborted) return;
      this.#close(); // the form still searches
      if (error instanceof ServiceError) this.#status.textContent = error.body.message;
    }
  }

  #render(): void {
    const { results, question } = this.#offers ?? { results: [], question: "" };
    this.#active = -1;
    const options = results.map((offer, place) => this.#option(place, offer.title_pieces, offer.snippet === "" ? [[offer.category, false]] : offer.snippet_pieces));
    const all = this.#option(results.length, [[results.length === 0 ? `Search for “${question}”` : `All results for “${question}”`, false]], []);
    all.classList.add("all");
    this.#list.replaceChildren(...options, all);
    this.#status.textContent = results.length === 0 ? "No article offered." : `${results.length} article${results.length === 1 ? "" : "s"} offered. Use the arrow keys.`;
    this.#mark();
    if (document.activeElement === this.#input) this.#show();
  }

  #option(place: number, title: Piece[], below: Piece[]): HTMLLIElement {
    const option = document.createElement("li");
    option.id = `${this.#id}-${place}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    const name = document.createElement("b");
    name.dir = "auto";
    name.append(...title.map(written));
    option.append(name);
    if (below.length > 0) {
      const line = document.createElement("span");
      line.dir = "auto";
      line.append(...below.map(written));
      option.append(line);
    }
    return option;
  }

  #show(): void {
    this.#list.hidden = false;
    this.#input.setAttribute("aria-expanded", "true");
  }

  #close(): void {
    this.#list.hidden = true;
    this.#active = -1;
    this.#input.setAttribute("aria-expanded", "false");
    this.#mark();
  }

  #mark(): void {
    [...this.#list.children].forEach((option, place) => option.setAttribute("aria-selected", place === this.#active ? "true" : "false"));
    const active = this.#list.children[this.#active];
    if (active === undefined) this.#input.removeAttribute("aria-activedescendant");
    else {
      this.#input.setAttribute("aria-activedescendant", active.id);
      active.scrollIntoView({ block: "nearest" });
    }
  }

  #key = (event: KeyboardEvent): void => {
    if (event.isComposing) return;
    const open = !this.#list.hidden;
    const count = this.#list.children.length;
    if (event.key === "Escape" && open) this.#close();
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count > 0) {
      if (!open) this.#show();
      const step = event.key === "ArrowDown" ? 1 : -1;
      // Beyond either end is the field itself: what was typed is one of the choices.
      this.#active = ((this.#active + 1 + step + count + 1) % (count + 1)) - 1;
      this.#mark();
    } else if (event.key === "Enter" && open && this.#active >= 0) this.#choose(this.#active);
    else return;
    event.preventDefault();
  };

  #pressed = (event: MouseEvent): void => {
    const option = event.target instanceof Element ? event.target.closest("li") : null;
    if (option !== null) this.#choose([...this.#list.children].indexOf(option));
  };

  #choose(place: number): void {
    const offer: Offer | undefined = this.#offers?.results[place];
    if (offer === undefined) {
      this.#input.form?.requestSubmit();
      return;
    }
    this.#api.typed(this.#offers?.question ?? "", offer.slug);
    this.#forget();
    this.#go(offer.url);
  }

  /** The question was sent, chosen from or deleted: nothing is left to tell. */
  #forget(): void {
    clearTimeout(this.#settling);
    this.#settled = null;
  }

  #leave(): void {
    if (this.#settled !== null && this.#settled === this.#question()) this.#api.typed(this.#settled, null);
    this.#forget();
  }
}

function written([text, matched]: Piece): Node {
  if (!matched) return document.createTextNode(text);
  const mark = document.createElement("mark");
  mark.textContent = text;
  return mark;
}
