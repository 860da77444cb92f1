/** What a lead has written on the page of the SLA rules and not saved: kept while they look elsewhere or sign in again. */
export interface RulesDraft {
  /** The newest version when the writing began: what is saved is to follow it, and not a colleague's that came since. */
  base: number;
  text: string;
  note: string;
  forOpen: boolean;
}
