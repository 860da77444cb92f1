/** Where the widget remembers who it is talking as. Works, for the page's life, where localStorage is blocked. */
import type { TokenStore } from "./chat-ports.js";

export interface KeyValue { read(key: string): string | null; write(key: string, value: string): void }

/** Storage that never throws: private windows and sandboxed frames refuse localStorage by an exception. */
export function safeStorage(open: () => Storage): KeyValue {
  const memory = new Map<string, string>();
  const storage = ((): Storage | null => {
    try {
      return open();
    } catch {
      return null;
    }
  })();
  return {
    read(key) {
      try {
        return storage?.getItem(key) ?? memory.get(key) ?? null;
      } catch {
        return memory.get(key) ?? null;
      }
    },
    write(key, value) {
      memory.set(key, value);
      try {
        storage?.setItem(key, value);
      } catch {
        // full or forbidden: the memory copy serves until the page is left
      }
    },
  };
}

export const TOKEN_KEY = "baton.token";
export const SEEN_KEY = "baton.seen";

const WHO_KEY = "baton.who";

/**
 * Keeps the visitor token, and beside it whose it is: `who` gives the account that the page is signed in as, or null.
 * A guest's conversation may be joined to an account; an account's is not shown to whoever uses the browser next.
 */
export function tokenStore(storage: KeyValue, who: () => string | null): TokenStore {
  return {
    read() {
      const owner = storage.read(WHO_KEY) ?? "";
      return owner !== "" && owner !== who() ? null : storage.read(TOKEN_KEY);
    },
    write(token) {
      storage.write(WHO_KEY, who() ?? "");
      storage.write(TOKEN_KEY, token);
    },
  };
}

/** The `sub` that a JWT claims. Not verified here: it only chooses between tokens that this browser already holds. */
export function subjectOf(jwt: string | null): string | null {
  try {
    const payload: unknown = JSON.parse(atob((jwt?.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/")));
    return typeof payload === "object" && payload !== null && "sub" in payload ? String(payload.sub) : null;
  } catch {
    return null;
  }
}
