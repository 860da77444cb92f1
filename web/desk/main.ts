/** Puts the desk together: the composition root of the page. */
import { AnswerCard } from "../shared/answer-card.js";
import { STUDIO } from "../studio/elements.js";
import { ArticleSearch } from "./article-search.js";
import { ClockHistoryDialog } from "./clock-history.js";
import { ConversationView } from "./conversation-view.js";
import { Countdown } from "./countdown.js";
import { DeskApi } from "./desk-api.js";
import { DeskApp } from "./desk-app.js";
import { DeskModel } from "./desk-model.js";
import { DeskSocket } from "./desk-socket.js";
import { FeedbackPage } from "./feedback-page.js";
import { MemberForm } from "./member-form.js";
import { NoteField } from "./note-field.js";
import { NotificationsDialog } from "./notifications-dialog.js";
import { OwnSettings } from "./own-settings.js";
import { PackagePanel } from "./package-panel.js";
import { ReplyComposer } from "./reply-composer.js";
import { ResolveDialog } from "./resolve-dialog.js";
import { ReviewDialog } from "./review-dialog.js";
import { ReviewListView } from "./review-list.js";
import { ReviewWords } from "./review-words.js";
import { RowListView } from "./row-list.js";
import { RulesPage } from "./rules-page.js";
import { SearchReportView } from "./search-report.js";
import { SignIn } from "./sign-in.js";
import { TeamForm } from "./team-form.js";
import { TeamPage } from "./team-page.js";
import { WebhooksPage } from "./webhooks-page.js";
import { Transcript } from "./transcript.js";
import { TransferDialog } from "./transfer-dialog.js";

for (const element of [AnswerCard, ArticleSearch, ClockHistoryDialog, ConversationView, Countdown, DeskApp, FeedbackPage, MemberForm, NoteField, NotificationsDialog, OwnSettings, PackagePanel, ReplyComposer, ResolveDialog, ReviewDialog, ReviewListView, ReviewWords, RowListView, RulesPage, SearchReportView, SignIn, TeamForm, TeamPage, Transcript, TransferDialog, WebhooksPage, ...STUDIO]) element.define();

const api = new DeskApi((input, init) => window.fetch(input, init));
const model = new DeskModel(api, () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join(""));
const socket = new DeskSocket(() => new WebSocket(`${location.origin.replace(/^http/, "ws")}/api/desk/socket`), {
  connected() {
    const again = !model.connected;
    model.lineIs(true);
    socket.presence(model.session.presence);
    void model.session.setPresence(model.session.presence);
    // What happened while the line was down is not replayed: read everything shown again.
    if (again) void Promise.all([model.refresh(), model.reread(), model.notifications.refresh()]);
  },
  disconnected: () => model.lineIs(false),
  event: (event) => model.take(event),
  watching: (id) => model.watching(id),
  ended: () => model.session.ended(),
});
window.addEventListener("online", () => socket.hurry());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") socket.hurry();
});

const app = new DeskApp();
app.model = model;
app.socket = socket;
document.body.append(app);
