/** How the desk's pages look that are shown in place of a conversation. */
import { css } from "lit";

export const pageStyle = css`
  :host { display: block; flex: 1; min-width: 0; overflow-y: auto; font-size: 14px; line-height: 1.45; }
  .page { max-width: 1040px; margin: 0 auto; padding: 20px 24px 48px; }
  header { display: flex; align-items: center; gap: 8px; min-height: 36px; }
  h1 { font-size: 20px; font-weight: 650; letter-spacing: -.01em; }
  @media (min-width: 720px) { .back { display: none; } }
`;
