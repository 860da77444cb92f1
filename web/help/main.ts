/** What JavaScript adds to the help centre: search as you type, votes without a reload, the chat in place. */
import { safeStorage, TOKEN_KEY } from "../shared/token-store.js";
import { type Chat, openChatInPlace, showWhenThere } from "./contact.js";
import { helpApi } from "./help-api.js";
import { SearchBox } from "./search-box.js";
import { takeOverVotes } from "./vote-form.js";

const storage = safeStorage(() => window.localStorage);
const api = helpApi({
  fetch: (input, init) => window.fetch(input, init),
  beacon: (url, json) => void navigator.sendBeacon(url, new Blob([json], { type: "application/json" })),
  token: () => storage.read(TOKEN_KEY),
});
const chat = (): Chat | undefined => (window as { Baton?: Chat }).Baton;

for (const form of document.querySelectorAll<HTMLFormElement>("form[data-search]")) new SearchBox(form, api, (url) => window.location.assign(url));
for (const section of document.querySelectorAll<HTMLElement>("[data-vote]")) takeOverVotes(section, api);
openChatInPlace(document, chat);
showWhenThere(document, chat);

// The search that led here has been noted; the address that people copy is the article's own.
const address = new URL(window.location.href);
if (address.searchParams.has("search") || address.searchParams.has("vote")) {
  address.searchParams.delete("search");
  address.searchParams.delete("vote");
  window.history.replaceState(null, "", address);
}
