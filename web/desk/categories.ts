/** The categories an agent can set: those of tickets/vocabulary.py, which refuses any other. */
export const CATEGORIES: readonly string[] = [
  "account", "sign-in", "billing", "plans", "cancellation", "projects", "sharing", "integrations", "api", "import-export", "security", "outage", "other",
];
