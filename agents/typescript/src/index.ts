export { Acting, actingFor } from "./acting.ts";
export * from "./errors.ts";
export { type Exchange, exchange, type Forward, forward, guardedFetch, type Waiting } from "./guard.ts";
export { canonical, digest, type Json, type JsonObject } from "./json.ts";
export { type ApprovalPrompt, type Ask, type ClientProof, clientKey, clientSecret, OnBehalfOf, Sts, type StsOptions } from "./sts.ts";
export { type Chosen, RarTemplate, Templates } from "./templates.ts";
export { inWords } from "./words.ts";
