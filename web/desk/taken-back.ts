/** What failed and was taken back into the field. Its answer may have been lost and not the message: under a new id it could be stored twice. Pure. */
export type Mode = "reply" | "note";

/** A message as it failed; `instead` are the ids of others that it was to take the place of, and of which nobody knows whether they are stored. */
export interface Failed { clientId: string; conversationId: string; mode: Mode; text: string; wait: boolean; instead: readonly string[] }

/** Under which id a text goes out, and the ids of what it takes the place of. */
export interface Identity { clientId: string; instead: readonly string[] }

export class TakenBack {
  readonly #byField = new Map<string, Failed>();

  clear(): void {
    this.#byField.clear();
  }

  /** It is in the field now. What was taken back there before is part of the same text. */
  add(failed: Failed): void {
    const before = this.#byField.get(field(failed.conversationId, failed.mode));
    const earlier = before === undefined ? [] : [before.clientId, ...before.instead];
    this.#byField.set(field(failed.conversationId, failed.mode), { ...failed, instead: [...failed.instead, ...earlier] });
  }

  /** The field is sent. A text that comes out of it as it failed keeps its id, so that it is stored once at most. */
  goesOut(conversationId: string, mode: Mode, text: string, wait: boolean, newId: () => string): Identity {
    const taken = this.#byField.get(field(conversationId, mode));
    this.#byField.delete(field(conversationId, mode));
    if (taken === undefined) return { clientId: newId(), instead: [] };
    if (taken.text === text && taken.wait === wait) return { clientId: taken.clientId, instead: taken.instead };
    return { clientId: newId(), instead: [taken.clientId, ...taken.instead] };
  }

  /** The service has stored it after all, so nothing takes its place any more. Returns what was last taken back into that field, or null. */
  stored(clientId: string): Failed | null {
    for (const [key, taken] of this.#byField) {
      if (taken.clientId === clientId) this.#byField.delete(key);
      else if (taken.instead.includes(clientId)) this.#byField.set(key, { ...taken, instead: taken.instead.filter((one) => one !== clientId) });
      else continue;
      return taken;
    }
    return null;
  }
}

function field(conversationId: string, mode: Mode): string {
  return `${mode} ${conversationId}`;
}
