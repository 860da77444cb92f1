/** Votes without a reload: takes over the forms that work without JavaScript too. */
import { ServiceError } from "../shared/errors.js";
import type { HelpApi } from "./help-api.js";

const FAILED = "That did not work. Check your connection and try again.";
const TOO_MANY = "That were many votes in a short time. Wait a minute and try again.";

export function takeOverVotes(section: HTMLElement, api: HelpApi): void {
  const slug = section.dataset.vote ?? "";
  const heading = section.querySelector("h2");
  const thanks = section.querySelector<HTMLElement>(".thanks");
  const buttons = [...section.querySelectorAll<HTMLButtonElement>('button[name="helpful"]')];

  const cast = async (helpful: boolean, words: string): Promise<void> => {
    const before = buttons.map((button) => button.getAttribute("aria-pressed") ?? "false");
    for (const button of buttons) button.setAttribute("aria-pressed", (button.value === "yes") === helpful ? "true" : "false");
    try {
      await api.vote(slug, helpful, words);
    } catch (error) {
      buttons.forEach((button, place) => button.setAttribute("aria-pressed", before[place] ?? "false"));
      if (thanks !== null) thanks.textContent = error instanceof ServiceError && error.status === 429 ? TOO_MANY : FAILED;
      return;
    }
    if (heading !== null) heading.textContent = helpful ? "Glad it helped." : "Sorry that it did not help.";
    if (thanks !== null) thanks.textContent = "Thank you, your answer is saved.";
    section.querySelector(".words")?.remove();
    if (!helpful && words === "") thanks?.before(wordsForm());
  };

  const wordsForm = (): HTMLFormElement => {
    const form = document.createElement("form");
    form.className = "words";
    const label = document.createElement("label");
    label.htmlFor = "words";
    const hint = document.createElement("span");
    hint.textContent = "Optional; please no personal data.";
    label.append("What was missing or wrong? ", hint);
    const area = document.createElement("textarea");
    Object.assign(area, { id: "words", name: "words", rows: 3, maxLength: 2_000 });
    const button = document.createElement("button");
    button.className = "button";
    button.textContent = "Send";
    form.append(label, area, button);
    return form;
  };

  section.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    event.preventDefault();
    if (form.classList.contains("words")) {
      const words = form.querySelector("textarea")?.value.trim() ?? "";
      if (words !== "") void cast(false, words);
      return;
    }
    const pressed = event.submitter;
    if (pressed instanceof HTMLButtonElement) void cast(pressed.value === "yes", "");
  });
}
