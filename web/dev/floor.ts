/** Canned teams and accounts for looking at the desk. Not shipped. */
import type { FloorNow, Member } from "../shared/desk-protocol.js";
import { LONG_NAME } from "./scenarios.js";

const OFFICE = { zone: "Europe/Berlin", windows: { mon: ["09:00-17:00"], tue: ["09:00-17:00"], wed: ["09:00-17:00"], thu: ["09:00-17:00"], fri: ["09:00-12:00", "13:00-15:30"] }, holidays: [] };

export const FLOOR: FloorNow = {
  assignment: "manual",
  teams: [
    { name: "accounts", title: "Accounts", assignment: null, hours: null, waiting: 0, members: 4, online: 3 },
    { name: "billing", title: "Billing", assignment: "automatic", hours: OFFICE, waiting: 2, members: 5, online: 3 },
    { name: "security", title: "Security and trust, including incident response", assignment: null, hours: null, waiting: 1, members: 1, online: 0 },
    { name: "technical", title: "Technical", assignment: "automatic", hours: null, waiting: 12, members: 3, online: 2 },
    { name: "vip", title: "Important customers", assignment: null, hours: null, waiting: 0, members: 0, online: 0 },
  ],
  people: [
    { id: "st_maya", name: "Maya Ortiz", role: "agent", state: "online", on_shift: true, load: 2, capacity: 3, teams: [] },
    { id: "st_jonas", name: "Jonas Lindgren", role: "agent", state: "online", on_shift: false, load: 4, capacity: 4, teams: ["technical", "billing"] },
    { id: "st_amara", name: "Amara Osei", role: "lead", state: "online", on_shift: true, load: 0, capacity: 0, teams: [] },
    { id: "st_ben", name: "Ben Adeyemi", role: "agent", state: "away", on_shift: true, load: 1, capacity: 5, teams: ["billing"] },
    { id: "st_long", name: LONG_NAME, role: "agent", state: "offline", on_shift: false, load: 0, capacity: 5, teams: ["security", "accounts", "technical"] },
  ],
};

const member = (id: string, name: string, extra: Partial<Member> = {}): Member => ({
  id, name, email: `${id.slice(3)}@fernhill.example`, role: "agent", active: true, teams: [], skills: [], languages: [], capacity: 5, hours: null, password_once: false, ...extra,
});

export const MEMBERS: readonly Member[] = [
  member("st_amara", "Amara Osei", { role: "lead", capacity: 0 }),
  member("st_maya", "Maya Ortiz", { capacity: 3 }),
  member("st_jonas", "Jonas Lindgren", { teams: ["technical", "billing"], skills: ["api", "enterprise"], languages: ["de", "en", "sv"], capacity: 4, hours: OFFICE }),
  member("st_long", LONG_NAME, { teams: ["security", "accounts", "technical"], password_once: true, email: "a.very.long.address.of.somebody@department-of-customer-success.fernhill.example" }),
  member("st_cleo", "Cleo Marsh", { role: "content" }),
  member("st_gone", "Sam Rivers", { active: false }),
];
