/** Which key does what, outside of fields. Pure, so that the table that is shown is the one that works. */
export type Action = "next" | "previous" | "claim" | "reply" | "note" | "articles" | "resolve" | "transfer" | "takeover" | "queue" | "mine" | "colleagues" | "team" | "notifications" | "shortcuts" | "back";

export const SHORTCUTS: readonly { action: Action; keys: readonly string[]; shown: string; words: string }[] = [
  { action: "next", keys: ["j", "ArrowDown"], shown: "j or ↓", words: "Next conversation in the list" },
  { action: "previous", keys: ["k", "ArrowUp"], shown: "k or ↑", words: "Previous conversation in the list" },
  { action: "claim", keys: ["c"], shown: "c", words: "Claim the open conversation" },
  { action: "reply", keys: ["r"], shown: "r", words: "Write a reply" },
  { action: "note", keys: ["n"], shown: "n", words: "Write an internal note" },
  { action: "articles", keys: ["/"], shown: "/", words: "Search articles to insert" },
  { action: "resolve", keys: ["e"], shown: "e", words: "Resolve the open conversation" },
  { action: "transfer", keys: ["t"], shown: "t", words: "Pass the open conversation on" },
  { action: "takeover", keys: ["o"], shown: "o", words: "Take over what a colleague has (leads)" },
  { action: "queue", keys: ["1"], shown: "1", words: "Show the queue" },
  { action: "mine", keys: ["2"], shown: "2", words: "Show mine" },
  { action: "colleagues", keys: ["3"], shown: "3", words: "Show what colleagues have (leads)" },
  { action: "team", keys: ["4"], shown: "4", words: "Show the team: who is on duty" },
  { action: "notifications", keys: ["b"], shown: "b", words: "Show what you were told" },
  { action: "back", keys: ["Escape"], shown: "Esc", words: "Back to the list" },
  { action: "shortcuts", keys: ["?"], shown: "?", words: "Show these shortcuts" },
];

/** The action of a key press, or null: in a field, with a modifier, or on arrow keys where the focus would scroll. */
export function actionOf(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "isComposing" | "composedPath">): Action | null {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const target = event.composedPath()[0];
  if (target instanceof HTMLElement) {
    if (target.matches("input, textarea, select, [contenteditable]")) return null;
    const scrolls = target.matches('[role="region"]') && (event.key === "ArrowDown" || event.key === "ArrowUp");
    if (scrolls) return null;
  }
  return SHORTCUTS.find((shortcut) => shortcut.keys.includes(event.key))?.action ?? null;
}
