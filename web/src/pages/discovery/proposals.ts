import type { Schema } from "../../api/client";

/** Return what names a proposal: a product is proposed once a site. */
export function keyOf({ domain, asin }: Schema["ProposalReply"]): string {
  return `${domain}/${asin}`;
}
