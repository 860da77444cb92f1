/** Limits that the service sets; a contract test holds them to its own. */

/** Characters (code points) of a message, a reply, a note. */
export const MESSAGE_LIMIT = 8_000;
