/** What the service says of SLA: how a ticket's clocks came to be, and the rules with their versions. */
import type { Clock } from "../shared/desk-protocol.js";

export interface Segment { start: string; end: string; kind: "counted" | "closed" | "paused"; minutes: number; total_minutes: number; mark: "warning" | "deadline" | "met" | "now" | null }
export interface AuditLine { at: string; noted_at: string; what: string; words: string }
export interface EscalationLine { rule: string; firing: "warning" | "breach"; since: string; due_at: string; state: "waiting" | "held" | "done" | "dropped"; settled_at: string | null; words: string }
export interface Measure { policy: string; version: number; calendar: string; zone: string; priority: string; warn_share: number }
export interface ClockHistory { id: string; clock: Clock; measure: Measure; used_minutes: number; segments: Segment[]; left_out: number; audit: AuditLine[]; escalations: EscalationLine[] }
export interface TicketHistory { ticket: { id: string; number: string; subject: string; status: string; priority: string; team: string }; clocks: ClockHistory[] }

export interface RuleVersion { version: number; author: string; note: string; at: string | null; for_open_tickets: boolean; applied_at: string | null }
export interface Rules { version: number; newest: number; text: string; warnings: string[]; versions: RuleVersion[] }
export interface RulesProblem { message: string; line: number | null; place: string | null }
export interface RulesCheck { problem: RulesProblem | null; warnings: string[] }
