/** The desk's pages beside the conversations: which there are, who may open them, and the element that shows each. */
import { html, type TemplateResult } from "lit";
import type { IconName } from "../shared/icons.js";
import type { Role } from "../shared/desk-protocol.js";
import type { DeskModel } from "./desk-model.js";

export type PageId = "team" | "feedback" | "articles" | "rules" | "webhooks";
/** `count` is how much waits on the page, null where that is not known. */
export interface DeskPage { id: PageId; name: string; icon: IconName; roles: readonly Role[]; count?: (model: DeskModel) => number | null; render: (model: DeskModel, revision: number) => TemplateResult }

export const PAGES: readonly DeskPage[] = [
  { id: "team", name: "Team", icon: "team", roles: ["agent", "lead", "admin"], render: (model, revision) => html`<desk-team .model=${model} .revision=${revision}></desk-team>` },
  { id: "feedback", name: "Feedback", icon: "up", roles: ["content", "lead", "admin"], count: (model) => model.reviewTasks.open, render: (model, revision) => html`<desk-feedback .model=${model} .revision=${revision}></desk-feedback>` },
  { id: "articles", name: "Articles", icon: "article", roles: ["content", "lead", "admin"], render: (model, revision) => html`<desk-articles .model=${model} .revision=${revision}></desk-articles>` },
  { id: "rules", name: "SLA rules", icon: "clock", roles: ["lead", "admin"], render: (model, revision) => html`<desk-rules .model=${model} .revision=${revision}></desk-rules>` },
  { id: "webhooks", name: "Webhooks", icon: "external", roles: ["lead", "admin"], render: (model, revision) => html`<desk-webhooks .model=${model} .revision=${revision}></desk-webhooks>` },
];

export function isPage(id: string): id is PageId {
  return PAGES.some((page) => page.id === id);
}

/** The pages that a role may open. */
export function pagesFor(role: Role): DeskPage[] {
  return PAGES.filter((page) => page.roles.includes(role));
}
