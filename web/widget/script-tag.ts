/** What the page's script tag says: where the service is, who the customer is, and how the widget should look. */
export interface TagSettings {
  base: string;
  identity: string | null;
  title: string;
  theme: "light" | "dark" | null;
  suggestions: string[];
  /** What the page is about, in its own words; empty where it does not say. */
  context: string;
}

const SUGGESTIONS = ["How do I get started?", "Where can I find my invoices?", "I cannot sign in"];

/** `data-identity`, `data-title`, `data-theme` (light, dark), `data-suggestions` (three questions divided by `|`; empty for none), `data-context`. */
export function readTag(script: Pick<HTMLScriptElement, "src" | "dataset"> | null, pageUrl: string): TagSettings {
  const data = script?.dataset ?? {};
  const theme = data.theme === "light" || data.theme === "dark" ? data.theme : null;
  const given = data.suggestions?.split("|").map((text) => text.trim()).filter(Boolean);
  return {
    base: new URL(script?.src === undefined || script.src === "" ? pageUrl : script.src, pageUrl).origin,
    identity: identityFrom(data.identity),
    title: data.title ?? "Support",
    theme,
    suggestions: (given ?? SUGGESTIONS).slice(0, 3),
    context: data.context?.trim() ?? "",
  };
}

/** A JWT has three parts; anything else (an empty attribute, a template that nobody filled in) means a guest. */
function identityFrom(text: string | undefined): string | null {
  const jwt = text?.trim() ?? "";
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(jwt) ? jwt : null;
}
