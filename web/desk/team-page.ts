/** The page "Team": who is on duty, the teams with what waits for them, and for leads and admins the accounts. */
import { css, html, LitElement, nothing, type TemplateResult } from "lit";
import { property, query, state } from "lit/decorators.js";
import { messageOf } from "../shared/errors.js";
import { icon, initials } from "../shared/icons.js";
import type { Hired, Member, Person, Team } from "../shared/desk-protocol.js";
import { base } from "../shared/tokens.js";
import { codeWords } from "../shared/words.js";
import type { DeskModel } from "./desk-model.js";
import { hoursText } from "./hours.js";
import type { MemberForm } from "./member-form.js";
import { pageStyle } from "./page-style.js";
import { type TeamForm, wayWords } from "./team-form.js";

export class TeamPage extends LitElement {
  static define(tag = "desk-team"): void {
    if (!customElements.get(tag)) customElements.define(tag, this);
  }

  static override styles = [base, pageStyle, css`
    h1 + p { color: var(--text-2); }
    section { margin-top: 28px; }
    .head { display: flex; align-items: center; gap: 12px; margin-bottom: 8px; }
    h2 { flex: 1; font-size: 15px; font-weight: 650; }
    ul { display: grid; grid-template-columns: minmax(0, 1fr); border: 1px solid var(--border); border-radius: var(--radius); overflow: hidden; }
    li { display: grid; align-items: center; gap: 4px 16px; padding: 10px 14px; }
    li + li { border-top: 1px solid var(--border); }
    .person { grid-template-columns: 32px minmax(120px, 2fr) minmax(88px, 1fr) minmax(120px, 1fr); }
    .team { grid-template-columns: minmax(140px, 2fr) minmax(96px, 1fr) minmax(160px, 2fr) 64px; }
    .member { grid-template-columns: minmax(160px, 2fr) minmax(80px, 1fr) minmax(140px, 2fr) 64px; }
    .avatar { display: grid; place-items: center; width: 32px; height: 32px; border-radius: 50%; background: var(--sunken); color: var(--text-2); font-size: 12px; font-weight: 600; }
    .name { font-weight: 550; overflow-wrap: anywhere; }
    .more { color: var(--text-2); font-size: 12.5px; overflow-wrap: anywhere; }
    .state { display: inline-flex; align-items: center; gap: 7px; font-size: 13px; color: var(--text-2); }
    .state i { flex: none; width: 9px; height: 9px; border-radius: 50%; border: 2px solid var(--text-3); }
    .state.online i { background: var(--accent); border-color: var(--accent); }
    .state.away i { background: var(--warn); border-color: var(--warn); }
    .load { display: grid; gap: 4px; font-size: 12.5px; color: var(--text-2); font-variant-numeric: tabular-nums; }
    .load svg { width: 100%; height: 6px; border-radius: 3px; background: var(--sunken); }
    .load rect { fill: var(--accent); } .load rect.full { fill: var(--warn); }
    .number { font-variant-numeric: tabular-nums; }
    .number.waiting { font-weight: 650; color: var(--accent-text); }
    .off .name { color: var(--text-2); font-weight: 450; }
    .pill { padding: 0 8px; border-radius: 10px; background: var(--sunken); color: var(--text-2); font-size: 12px; line-height: 20px; }
    .nothing, .problem { padding: 20px; border: 1px solid var(--border); border-radius: var(--radius); color: var(--text-2); }
    .problem { border-color: transparent; background: var(--danger-soft); color: var(--danger-text); display: grid; gap: 8px; justify-items: start; }
    @media (max-width: 900px) {
      .page { padding: 12px 16px 40px; }
      .person { grid-template-columns: 32px minmax(0, 1fr) auto; } .person .load { grid-column: 2 / -1; }
      .team, .member { grid-template-columns: minmax(0, 1fr) auto; } .team .more, .member .more { grid-column: 1 / -1; }
      .team .edit, .member .edit { grid-column: 2; grid-row: 1; }
    }
  `];

  @property({ attribute: false }) model!: DeskModel;
  @property({ type: Number }) revision = 0;
  @state() private members: readonly Member[] | null = null;
  @state() private problem: string | null = null;
  @query("desk-member-form") private readonly memberForm!: MemberForm | null;
  @query("desk-team-form") private readonly teamForm!: TeamForm | null;

  override connectedCallback(): void {
    super.connectedCallback();
    void this.model.floor.read();
    if (this.model.session.supervises) void this.#readMembers();
  }

  override focus(): void {
    this.renderRoot.querySelector<HTMLElement>("h1")?.focus();
  }

  override render(): TemplateResult {
    const { floor, session } = this.model;
    const isAdmin = session.staff?.role === "admin";
    return html`<div class="page" data-testid="desk-team-page">
      <header><button type="button" class="icon-button back" aria-label="Back to the list" @click=${() => this.#emit("desk-back")}>${icon("back", 20)}</button>
        <h1 tabindex="-1">Team</h1></header>
      ${floor.problem === null ? nothing : html`<div class="problem" role="alert">${floor.problem}<button type="button" class="button" @click=${() => void floor.read()}>Try again</button></div>`}
      ${floor.now === null ? html`<p class="more" role="status">${floor.problem === null ? "Looking who is there…" : ""}</p>` : html`
        <section aria-labelledby="people"><div class="head"><h2 id="people">On duty</h2><span class="more">${this.#onDuty(floor.people)}</span></div>
          <ul>${[...floor.people].sort(byPresence).map((person) => this.#person(person))}</ul></section>
        <section aria-labelledby="teams"><div class="head"><h2 id="teams">Teams</h2>
            ${session.supervises ? html`<button type="button" class="button" data-testid="desk-team-add" @click=${() => this.teamForm?.open(null)}>Add a team</button>` : nothing}</div>
          <ul>${floor.teams.map((team) => this.#team(team))}</ul></section>
        ${session.supervises ? this.#accounts(isAdmin) : nothing}
        <desk-member-form .teams=${floor.teams} .admin=${isAdmin} .save=${this.#save} .newPassword=${this.#renew}></desk-member-form>
        <desk-team-form .usual=${floor.now.assignment} .save=${this.#saveTeam}></desk-team-form>`}
    </div>`;
  }

  #onDuty(people: readonly Person[]): string {
    const online = people.filter((person) => person.state === "online").length;
    return online === 0 ? "Nobody is online: customers are told when to expect an answer." : `${online} of ${people.length} online`;
  }

  #person(person: Person): TemplateResult {
    const share = person.capacity === 0 ? 0 : Math.min(1, person.load / person.capacity);
    const words = person.capacity === 0 ? `${person.load}, none assigned` : `${person.load} of ${person.capacity}`;
    return html`<li class="person ${person.state === "offline" ? "off" : ""}" data-testid="desk-person" data-state=${person.state}>
      <span class="avatar" aria-hidden="true">${initials(person.name)}</span>
      <span><span class="name" dir="auto">${person.name}</span><br><span class="more">${this.#teamsOf(person.teams)}</span></span>
      <span class="state ${person.state}"><i aria-hidden="true"></i>${codeWords(person.state)}${person.on_shift || person.state === "offline" ? nothing : html`, off shift`}</span>
      <span class="load">${words}<svg aria-hidden="true" viewBox="0 0 100 6" preserveAspectRatio="none"><rect class=${share >= 1 ? "full" : ""} width=${100 * share} height="6"/></svg></span></li>`;
  }

  #team(team: Team): TemplateResult {
    const usual = this.model.floor.now?.assignment ?? "manual";
    const hours = hoursText(team.hours).replaceAll("\n", "; ");
    return html`<li class="team" data-testid="desk-team-row" data-team=${team.name}>
      <span><span class="name" dir="auto">${team.title}</span><br><span class="more">${team.members === 0 ? "Nobody in it" : `${team.online} of ${team.members} online`}</span></span>
      <span class="number ${team.waiting > 0 ? "waiting" : ""}">${team.waiting} waiting</span>
      <span class="more">${codeWords(wayWords(team.assignment ?? usual))}${hours === "" ? nothing : html`<br>${hours}, ${team.hours?.zone}`}</span>
      ${this.model.session.supervises ? html`<button type="button" class="button quiet edit" aria-label=${`Change the team ${team.title}`} @click=${() => this.teamForm?.open(team)}>Change</button>` : nothing}</li>`;
  }

  #accounts(isAdmin: boolean): TemplateResult {
    return html`<section aria-labelledby="accounts"><div class="head"><h2 id="accounts">Accounts</h2>
        ${isAdmin ? html`<button type="button" class="button primary" data-testid="desk-member-add" @click=${() => this.memberForm?.open(null)}>Add a colleague</button>` : nothing}</div>
      ${this.problem !== null ? html`<div class="problem" role="alert">${this.problem}<button type="button" class="button" @click=${() => void this.#readMembers()}>Try again</button></div>`
        : this.members === null ? html`<p class="nothing" role="status">Reading the accounts…</p>` : html`<ul>${this.members.map((member) => this.#member(member))}</ul>`}</section>`;
  }

  #member(member: Member): TemplateResult {
    const hours = hoursText(member.hours).replaceAll("\n", "; ");
    const known = [this.#teamsOf(member.teams), member.skills.length ? `knows ${member.skills.join(", ")}` : "", member.languages.length ? `writes ${member.languages.join(", ")}` : "", hours]
      .filter(Boolean).join(" · ");
    return html`<li class="member ${member.active ? "" : "off"}" data-testid="desk-member" data-id=${member.id}>
      <span><span class="name" dir="auto">${member.name}</span><br><span class="more" dir="auto">${member.email}</span></span>
      <span><span class="pill">${member.active ? codeWords(member.role) : "Not active"}</span></span>
      <span class="more">${member.role === "content" ? "Answers no customers" : `${known} · at most ${member.capacity} at once`}${member.password_once ? " · has not signed in with a password of their own yet" : ""}</span>
      <button type="button" class="button quiet edit" aria-label=${`Change ${member.name}`} data-testid="desk-member-edit" @click=${() => this.memberForm?.open(member)}>Change</button></li>`;
  }

  #teamsOf(teams: readonly string[]): string {
    return teams.length === 0 ? "Every team" : teams.map((team) => this.model.floor.titleOf(team)).join(", ");
  }

  async #readMembers(): Promise<void> {
    this.problem = null;
    try {
      this.members = await this.model.api.staff();
    } catch (error) {
      if (!this.model.session.lost(error)) this.problem = messageOf(error);
    }
  }

  #save = async (id: string | null, values: object): Promise<Hired> => {
    const hired = id === null ? await this.model.api.hire(values) : { member: await this.model.api.changeMember(id, values), password: null };
    void Promise.all([this.#readMembers(), this.model.floor.read()]);
    return hired;
  };

  #renew = async (id: string): Promise<Hired> => {
    const hired = await this.model.api.newPassword(id);
    void this.#readMembers();
    return hired;
  };

  #saveTeam = async (name: string, values: object): Promise<void> => {
    await this.model.api.changeTeam(name, values);
    void this.model.floor.read();
  };

  #emit(name: string): void {
    this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true }));
  }
}

const RANK = { online: 0, away: 1, offline: 2 } as const;

/** Who is there comes first, then the alphabet. */
function byPresence(a: Person, b: Person): number {
  return RANK[a.state] - RANK[b.state] || a.name.localeCompare(b.name);
}
