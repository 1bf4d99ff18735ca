package dev.countersign.sts.diagnosis;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Everything that has a short code `CSG-nnnn`: what happened, why, and the one fix. The number is
/// for ever; texts may be improved. The token service's error descriptions end in a code; what only
/// operators may know is in the ledger under the code alone.
///
/// `docs/operations/codes.md` is made from this table.
public enum Code {
  REQUEST(
      1,
      Audience.CALLER,
      "General",
      "",
      "the request is not acceptable",
      "a parameter is missing, doubled or malformed; the description names it",
      "correct the parameter that the description names",
      "requested_token_type can only",
      "parameters belong in the body",
      "the body is too large"),
  CLIENT(
      2,
      Audience.CALLER,
      "General",
      "",
      "the client is not proven",
      "the credentials of the client are missing or wrong",
      "send the credentials that the client is registered with; the ledger "
          + "entry has the reason",
      "invalid_client"),
  GRANT(
      3,
      Audience.CALLER,
      "General",
      "",
      "the grant is not acceptable",
      "what was presented is unknown, used or expired",
      "start again with a new exchange",
      "it was issued to another client"),
  UNAUTHORIZED(
      4,
      Audience.CALLER,
      "General",
      "",
      "this client may not use this grant",
      "the client is not registered for it",
      "register the client for the grant, or use another client",
      "is not registered with step-up",
      "has no scope that it is for",
      "is not registered for the transmitter"),
  GRANT_TYPE(
      5,
      Audience.CALLER,
      "General",
      "",
      "the grant type is not offered",
      "grant_type is none of those in the metadata",
      "use one of grant_types_supported in " + "/.well-known/oauth-authorization-server",
      "grant_type is"),
  SCOPE(
      6,
      Audience.CALLER,
      "General",
      "",
      "a scope is not acceptable",
      "the client asks for a scope that it is not registered for, or for none",
      "ask for scopes of the client, or add the scope to sts.clients",
      "scope is required",
      "scope names a scope",
      "scope is longer",
      "scope must be scope tokens",
      "scope: the client may not have"),
  TARGET(
      7,
      Audience.CALLER,
      "General",
      "",
      "the target is not acceptable",
      "resource or audience is not one that the client is registered for",
      "name one resource of the client, or add it to sts.clients",
      "the target is not one",
      "resource must be an absolute",
      "name two targets",
      "resource is required",
      "this grant is for the transmitter only"),
  DETAILS(
      8,
      Audience.CALLER,
      "General",
      "",
      "authorization_details are not acceptable",
      "an element breaks a rule of its type; the description names the path " + "and the rule",
      "correct the member that the description names; the types are in the " + "file of sts.types"),
  DENIED(
      9,
      Audience.CALLER,
      "General",
      "",
      "policy says no",
      "a rule of the policy denies this request, or no rule permits it",
      "read the reasons in the answer; the matching rules are in `countersign " + "trace <jti>`",
      "denied by policy",
      "CSIAQ0278E"),
  KILLED(
      10,
      Audience.CALLER,
      "General",
      "",
      "policy says no and ended every session of the person",
      "a rule of the policy answers kill",
      "find out why the request was made: `countersign trace <jti>`; the "
          + "person signs in again",
      "every session of the subject was ended"),
  AWAY(
      11,
      Audience.CALLER,
      "General",
      "",
      "something that the answer needs is away",
      "a database, the ledger or the keys of an issuer cannot be reached; "
          + "nothing is granted meanwhile",
      "try again after Retry-After; operators: /readyz and the log name what " + "is away",
      "temporarily_unavailable"),
  CONTENDED(
      12,
      Audience.CALLER,
      "General",
      "",
      "too many requests draw on the same limit at once",
      "counters of the policy are drawn on one after another, and this request waited too long",
      "try again in a moment; if it stays so, look at what the agent does",
      "draw on the same limit"),
  IDEMPOTENCY(
      13,
      Audience.CALLER,
      "General",
      "",
      "the Idempotency-Key is in use",
      "another try with it is being answered, took its place, or asked for something else",
      "wait for the first answer; use a new key for another request",
      "idempotency-key"),
  CLIENT_SILENT(
      20,
      Audience.CALLER,
      "Clients",
      "",
      "the client did not authenticate",
      "client_assertion and client_assertion_type are missing, or of another " + "kind",
      "send a private_key_jwt assertion, or what the client is registered " + "with",
      "the client must authenticate",
      "client_assertion_type is not",
      "only basic authenticates a client",
      "basic must hold id:secret"),
  CLIENT_UNKNOWN(
      21,
      Audience.CALLER,
      "Clients",
      "",
      "no such client",
      "client_assertion names a client that is not registered",
      "register it under sts.clients; check `iss` of the assertion",
      "names no workload known",
      "names no client known",
      "names no SPIFFE ID that is registered"),
  CLIENT_REPLAY(
      22,
      Audience.CALLER,
      "Clients",
      "",
      "the client assertion was used before",
      "each assertion is good for one request",
      "make a new assertion with a new `jti` for each request",
      "client_assertion: it was used before"),
  CLIENT_ASSERTION(
      23,
      Audience.CALLER,
      "Clients",
      "",
      "the client assertion is not acceptable",
      "its signature, audience, times or form are wrong; the description says " + "which",
      "`aud` is our issuer, `iss` and `sub` the client_id, `exp` within five "
          + "minutes, signed with the registered key",
      "client_assertion:"),
  CLIENT_TWO_WAYS(
      24,
      Audience.CALLER,
      "Clients",
      "",
      "the client authenticates in two ways",
      "an assertion and a secret came in one request",
      "send one of them",
      "authenticates in one way"),
  CLIENT_SECRET(
      25,
      Audience.CALLER,
      "Clients",
      "",
      "the client secret is wrong",
      "it was rotated, mistyped or belongs to another client",
      "take the current secret; Verify rotates it on every read through Vault",
      "CSIAQ0155E",
      "the client or its secret"),
  CLIENT_CERTIFICATE(
      26,
      Audience.CALLER,
      "Clients",
      "",
      "the certificate is not the one of the client",
      "another name, another authority, or no certificate at all",
      "present the registered certificate at the TLS handshake",
      "certificate is not that of the client"),
  CLIENT_ID(
      27,
      Audience.CALLER,
      "Clients",
      "",
      "client_id is not the client that authenticated",
      "the form names one client and the credentials another",
      "leave client_id out, or name the client of the credentials",
      "client_id is not the client"),
  DPOP_PROOF(
      28,
      Audience.CALLER,
      "Clients",
      "",
      "the DPoP proof is not acceptable",
      "it is missing, was used before, is for another method or address, or lacks the nonce of the last answer",
      "make a new proof for each request: `htm`, `htu`, a new `jti`, and the nonce of the last answer",
      "the dpop proof",
      "the dpop proof: it was used before",
      "the dpop proof: the signature does not verify",
      "`ath` is not",
      "`htm` is not",
      "`htu` is not",
      "must send a dpop proof",
      "must hold the public key",
      "`jwk` is not a key",
      "`jwk` must be a public key",
      "the dpop proof: `jti` must have"),
  TOKEN_FORM(
      40,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is not a signed JWT",
      "it was cut off, is opaque, or is not canonical base64url",
      "send the access token as it came, nothing around it",
      "not a signed JWT",
      "canonical base64url",
      "not base64url",
      "longer than 16 KiB",
      "subject_token: the text is",
      "subject_token: the value is",
      "subject_token: a text holds",
      "subject_token: a number is",
      "subject_token: a member name"),
  TOKEN_ALGORITHM(
      41,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is signed with an algorithm that its issuer may not use here",
      "`alg` is not in the list of the trust anchor",
      "let the issuer sign with one of the anchor's algorithms, or add the "
          + "algorithm to the anchor",
      "`alg` is not one"),
  TOKEN_HEADER(
      42,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token has a header that is not understood",
      "`crit`, `b64`, `zip`, or a malformed `kid` or `typ`",
      "let the issuer leave it out",
      "are not understood",
      "`kid` must be",
      "`typ` must be a string"),
  TOKEN_TYPE(
      43,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is of another kind",
      "`typ` is not one of the trust anchor: an ID token, a refresh token or "
          + "a SET in place of an access token",
      "send the access token; if the issuer writes another `typ`, list it "
          + "under types of the anchor",
      "`typ` is not the kind",
      "not an on-behalf-of token"),
  TOKEN_SIGNATURE(
      44,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the signature does not verify",
      "the key that signed is not one of the issuer's published keys, or the "
          + "token was changed",
      "check that the anchor's jwks belongs to the token's `iss`: "
          + "`countersign doctor idp <anchor>`",
      "the signature does not verify",
      "CSIAQ0197E"),
  TOKEN_ISSUER(
      45,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is of another issuer",
      "`iss` is not exactly the issuer of the trust anchor",
      "compare `iss` with the anchor's issuer letter by letter: `countersign " + "doctor token`",
      "`iss` is not the issuer",
      "of no issuer known here"),
  TOKEN_AUDIENCE(
      46,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is meant for somebody else",
      "`aud` is not one of the anchor's audiences",
      "request a scope of your own API at sign-in, so that `aud` becomes it",
      "`aud` is not an audience",
      "IDX10214"),
  TOKEN_EXPIRED(
      47,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token has expired",
      "`exp` has passed",
      "refresh the token and send the new one",
      "`exp` has passed",
      "subject token has expired"),
  TOKEN_TIMES(
      48,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token's times are missing or malformed",
      "`exp`, `nbf`, `iat` or `auth_time` is not a whole number of seconds",
      "let the issuer write seconds since 1970",
      "`exp` is missing",
      "must be whole seconds"),
  TOKEN_CLOCK(
      49,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is from the future",
      "the clocks of issuer and token service differ by more than the leeway",
      "synchronise the clocks (NTP)",
      "is in the future"),
  TOKEN_OLD(
      50,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is too old",
      "`iat` is longer ago than the max-age of the anchor",
      "sign in again or refresh",
      "missing or too long ago"),
  TOKEN_CLAIM(
      51,
      Audience.CALLER,
      "Subject tokens",
      "",
      "a claim is not what the trust anchor requires",
      "`ver`, `tid` or another claim of `equal` differs",
      "send a token of the right tenant and version: `countersign doctor " + "token`",
      "is not what this trust anchor requires"),
  TOKEN_PARTY(
      52,
      Audience.CALLER,
      "Subject tokens",
      "C2",
      "the token was issued to another application",
      "the application that signed the person in is not in authorized-parties "
          + "(at Verify: clientGroups.tokenExchange)",
      "sign in with a listed application, or add its client id to the anchor",
      "issued to an application not accepted",
      "CSIAQ0158E"),
  TOKEN_SUBJECT(
      53,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token does not name the person",
      "the claim that the anchor takes as subject is missing or not a plain " + "text",
      "let the issuer put the claim into access tokens, or set `subject` of " + "the anchor",
      "since it names the person"),
  MAY_ACT(
      54,
      Audience.CALLER,
      "Subject tokens",
      "C1, C7",
      "the client may not act for this person",
      "`may_act` names another actor; here it is a text, an object with "
          + "`sub`, or an array of those (Verify compares one text only). A wrong AUTH_METHOD, such as one with a "
          + "comment on its line in a systemd unit, also makes another client the "
          + "actor",
      "set may_act.sub to the client's id; check which client really asks",
      "`may_act` does not name",
      "CSIAQ5201E"),
  SESSION_REVOKED(
      55,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the person was signed out everywhere",
      "a kill closed the gate after this sign-in, or shut this client out",
      "the person signs in again; a client is let in by ./countersign un-kill --client",
      "session of the subject was revoked",
      "the client was shut out by an operator",
      "CSIAS0080E"),
  ANCHOR(
      56,
      Audience.CALLER,
      "Subject tokens",
      "",
      "subject_token_type names no trust anchor of this client",
      "the type is unknown, or the client's anchors do not list it",
      "send the token-type of the anchor; add the anchor to the client",
      "names no trust anchor",
      "CSIAQ0381"),
  ACTOR(
      57,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the actor token is not acceptable",
      "it is missing, of another kind, or its subject may not act",
      "send an actor token of a trust anchor, or none",
      "actor_token"),
  ENTITLEMENT(
      58,
      Audience.CALLER,
      "Subject tokens",
      "C3",
      "the person is not entitled to the exchange application",
      "at Verify this has the same error as a denial by policy, " + "`access_denied`",
      "assign the person to the application; CSIAQ0278E in its place is a " + "denial by policy",
      "CSIAQ0279E"),
  TOKEN_ID(
      59,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is an ID token",
      "an ID token is for the application that signed the person in; it has `nonce` or `at_hash`",
      "send the access token; an anchor whose tokens are ID tokens says id-tokens: true",
      "this is an ID token"),
  TOKEN_NO_PERSON(
      60,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is not an access token of a person",
      "a claim that such a token has is missing: `scp` or `scope`, or what the anchor lists under "
          + "present; ID tokens and tokens of an application without a person lack it",
      "let a person sign in for a scope of your own API, and send that access token",
      "so this is not an access token of a person"),
  TOKEN_INACTIVE(
      61,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the issuer says that the token is not active",
      "the token is unknown to its issuer, expired or revoked, or its session was ended there",
      "sign in again; if new tokens are refused too, check that the anchor's introspection client "
          + "may ask about them",
      "says that the token is not active"),
  CHAIN(
      62,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token cannot be passed on like this",
      "a token of ours may be exchanged again only by a client registered for chaining, only to less, and for so many actors",
      "register `chains` for the client, and ask for no more than the token has",
      "may not exchange",
      "that of subject_token",
      "that subject_token does not have",
      "already names this actor",
      "as many actors"),
  TOKEN_BOUND(
      63,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token is bound to a key that was not proven",
      "`cnf` names a key or certificate, and the request does not prove it",
      "send a DPoP proof with that key, or use that certificate",
      "bound to a key that was not proven"),
  TOKEN_REVOKED(
      64,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token was revoked",
      "its client or an operator revoked it",
      "exchange again",
      "it was revoked"),
  TOKEN_USED_OFTEN(
      65,
      Audience.CALLER,
      "Subject tokens",
      "",
      "the token was exchanged too often",
      "one client may exchange one subject token so many times a minute, and so many times in all",
      "wait a minute; if it stays so, look at what the agent does, or raise sts.exchanges-per-token",
      "exchanged too often"),
  DETAILS_MISSING(
      70,
      Audience.CALLER,
      "Authorization details",
      "",
      "authorization_details are missing",
      "this client must say what it wants to do",
      "send authorization_details",
      "authorization_details is required"),
  DETAILS_FORM(
      71,
      Audience.CALLER,
      "Authorization details",
      "",
      "authorization_details are not strict JSON",
      "not an array of objects, a member twice, a number in another form, or " + "too large",
      "send a JSON array of objects; integers without fraction and exponent",
      "authorization_details must be",
      "authorization_details: ",
      "authorization_details is longer",
      "must name types with whole numbers from 1",
      "more than 16 elements",
      "every element of authorization_details",
      "Empty restricted authorization detail"),
  DETAILS_TYPE(
      72,
      Audience.CALLER,
      "Authorization details",
      "",
      "a type of authorization details is unknown",
      "it is not in the registry of types",
      "use one of authorization_details_types_supported, or add the type to "
          + "the file of sts.types",
      ".type is not a type that is known",
      "a type is not known here"),
  DETAILS_CLIENT(
      73,
      Audience.CALLER,
      "Authorization details",
      "",
      "the client may not ask for this type",
      "it is not in the types of the client",
      "add the type to the client",
      "type that this client is not registered for"),
  DETAILS_CHANGED(
      74,
      Audience.CALLER,
      "Authorization details",
      "C5",
      "the second leg asks for something else than what was approved",
      "authorization_details, resource or scope were left out or changed " + "after the approval",
      "send the same authorization_details, resource and scope again with the " + "assertion",
      "not those that were approved",
      "not the one that was approved",
      "wider than what was approved"),
  DETAILS_OUTSIDE(
      75,
      Audience.CALLER,
      "Authorization details",
      "C6",
      "members stand outside `operationDetails`",
      "policies and mappings read `operationDetails` only, so they never " + "match",
      "move action and amounts into `operationDetails`",
      "RAR_NO_MATCH"),
  STEP_UP_PENDING(
      80,
      Audience.CALLER,
      "Step-up",
      "C4",
      "the answer is a question, not a token",
      "200 with scope mfa_challenge: a person must approve first; it is "
          + "neither success nor failure",
      "show the message and approval_uri, then send the second leg",
      "mfa_challenge"),
  NO_ADDRESS(
      81,
      Audience.CALLER,
      "Step-up",
      "",
      "step-up is needed, but no address of the person is known",
      "the token has no deliverable mail claim and the attribute store has no " + "`mail`",
      "let the provider put `email` into access tokens, or fill the attribute " + "`mail`",
      "no address of the subject is known",
      "mfa_no_email"),
  NO_FACTOR(
      82,
      Audience.CALLER,
      "Step-up",
      "",
      "step-up is needed, but the person has no push factor",
      "a person made just in time has none enrolled (userPresence); the "
          + "request stays pending or ends in a 500",
      "use the transient mail code",
      "mfa_no_factor"),
  TOO_OFTEN(
      83,
      Audience.CALLER,
      "Step-up",
      "",
      "the person was asked too often",
      "prompts per hour are limited, so that nobody approves out of weariness",
      "wait; find out who asks: `countersign trace`",
      "asked too often"),
  APPROVAL_STATE(
      84,
      Audience.CALLER,
      "Step-up",
      "",
      "the approval cannot be used",
      "it was not given, was used, has expired, is another client's, or the policy or a type has changed since",
      "start again with a new exchange",
      "assertion: the approval",
      "assertion: there is no such approval",
      "has changed since the approval",
      "the approval was not given"),
  OTP_CORRELATION(
      85,
      Audience.CALLER,
      "Step-up",
      "",
      "the code's correlation is wrong",
      "correlation of the one-time code is missing or of another challenge",
      "send the correlation that came with the challenge",
      "CSIBN0018E"),
  POLL(
      86,
      Audience.CALLER,
      "Step-up",
      "",
      "auth_req_id cannot be used",
      "it is unknown, of another client, was used, or has expired",
      "poll with the auth_req_id of the answer, and start again with a new exchange when it has expired",
      "auth_req_id"),
  FACTOR_MISSING(
      87,
      Audience.CALLER,
      "Step-up",
      "",
      "step-up needs a factor that is not set up",
      "the policy asks for a factor that this installation or this person does not have",
      "set the factor up under sts.step-up, or let the policy name another",
      "factor that is not set up"),
  ENTRA_GRAPH(
      101,
      Audience.CALLER,
      "Entra ID",
      "E1",
      "the token is for Microsoft Graph",
      "the application requested a Graph scope, the default of chat "
          + "front-ends; sign-in works, each exchange fails",
      "Expose an API in the app registration, and request its own scope " + "api://<app>/<scope>"),
  ENTRA_NONCE(
      102,
      Audience.CALLER,
      "Entra ID",
      "E2",
      "the token has a `nonce` header",
      "Graph tokens are signed over a changed header, so no third party can "
          + "verify them; a token must never be validated by whom it is not meant "
          + "for",
      "request a scope of your own API; its tokens can be verified"),
  ENTRA_V1(
      103,
      Audience.CALLER,
      "Entra ID",
      "E3",
      "the token is of version 1.0",
      "the resource application accepts version 1 by default "
          + "(requestedAccessTokenVersion is null)",
      "set api.requestedAccessTokenVersion to 2 in the manifest of the "
          + "resource application, wait for it to spread, drop cached tokens"),
  ENTRA_RESOURCE_DECIDES(
      104,
      Audience.CALLER,
      "Entra ID",
      "E4",
      "a version 1.0 token came from the version 2.0 endpoint",
      "the resource decides the version, not the endpoint that was called",
      "set api.requestedAccessTokenVersion to 2 in the manifest of the resource application"),
  ENTRA_ANCHOR_V1(
      105,
      Audience.OPERATOR,
      "Entra ID",
      "E5",
      "the trust anchor is configured for version 1",
      "issuer or jwks of the anchor is that of version 1 or of another " + "endpoint",
      "issuer https://login.microsoftonline.com/<tenant>/v2.0, jwks "
          + "https://login.microsoftonline.com/<tenant>/discovery/v2.0/keys"),
  ENTRA_AUDIENCE_FORM(
      106,
      Audience.OPERATOR,
      "Entra ID",
      "E6",
      "`aud` has the form of the other version",
      "in version 2 it is the application's GUID, in version 1 api://...; the "
          + "anchor lists the other form",
      "list exactly the form of the anchor's version under audiences"),
  ENTRA_TEMPLATE(
      107,
      Audience.OPERATOR,
      "Entra ID",
      "E7",
      "the issuer is a template",
      "common and organizations have {tenantid} in the issuer of their " + "discovery document",
      "use the endpoint of one tenant",
      "AADSTS50194"),
  ENTRA_TWO_RESOURCES(
      108,
      Audience.CALLER,
      "Entra ID",
      "E8",
      "scopes of two resources in one request",
      "one token is for one resource",
      "request the scopes of one resource; a second token for the other",
      "AADSTS700022",
      "AADSTS28002",
      "AADSTS70011",
      "AADSTS700023"),
  ENTRA_NO_RESOURCE(
      109,
      Audience.CALLER,
      "Entra ID",
      "E9",
      "the resource is not known in the tenant",
      "it is mistyped, not installed, or the permission is missing",
      "create the service principal of the API in the tenant and add the " + "permission",
      "AADSTS500011",
      "AADSTS650057",
      "AADSTS650056"),
  ENTRA_CONSENT(
      110,
      Audience.CALLER,
      "Entra ID",
      "E10",
      "consent is missing",
      "nobody consented to the permission",
      "grant admin consent",
      "AADSTS65001",
      "AADSTS90094"),
  ENTRA_SELF(
      111,
      Audience.CALLER,
      "Entra ID",
      "E11",
      "the application asks for itself by its URI",
      "client and resource are the same application",
      "name the resource by the application's GUID",
      "AADSTS90009"),
  ENTRA_PLATFORM(
      112,
      Audience.CALLER,
      "Entra ID",
      "E12",
      "public and confidential client are mixed up",
      "the redirect URI stands under another platform type, a secret is sent "
          + "by a public client, or PKCE is missing",
      "register the redirect URI under the right platform (SPA, Web, Mobile); "
          + "PKCE for public clients",
      "AADSTS700025",
      "AADSTS7000218",
      "AADSTS50011",
      "AADSTS501481"),
  ENTRA_ASSIGNMENT(
      113,
      Audience.CALLER,
      "Entra ID",
      "E13",
      "the person is not assigned or not known in the tenant",
      "the application requires assignment, or a guest was not invited",
      "assign the person to the enterprise application, or invite the guest",
      "AADSTS50105",
      "AADSTS50020",
      "AADSTS50034"),
  ENTRA_NO_EMAIL(
      114,
      Audience.CALLER,
      "Entra ID",
      "E14",
      "the token has no address for one-time codes",
      "`email` is an optional claim, and preferred_username has not the form " + "of an address",
      "add the optional claim `email` to access tokens of the resource " + "application"),
  ENTRA_STALE_EMAIL(
      115,
      Audience.OPERATOR,
      "Entra ID",
      "E15",
      "codes go to an old address",
      "an address stored at the first sign-in goes stale",
      "take the address from the current subject token; remove the stored " + "attribute `mail`"),
  ENTRA_JIT_FACTOR(
      116,
      Audience.CALLER,
      "Entra ID",
      "E16",
      "a person made just in time has no push factor",
      "nothing is enrolled yet",
      "use the transient mail code"),
  ENTRA_GUEST_KEY(
      117,
      Audience.OPERATOR,
      "Entra ID",
      "E17",
      "a guest is looked up by mail",
      "a guest's user principal name has #EXT#, so Graph answers 404 to the " + "mail address",
      "use `oid` as subject of the anchor and as key at Graph"),
  ENTRA_NO_OID(
      118,
      Audience.OPERATOR,
      "Entra ID",
      "E18",
      "the token has no `oid`",
      "without it Entra's part of a kill has nobody to revoke",
      "keep `oid` from sign-in: request scope profile, and take `oid` as "
          + "subject of the anchor"),
  ENTRA_REVOKED(
      119,
      Audience.CALLER,
      "Entra ID",
      "E19",
      "the grant was revoked, or the kill reaches only this tenant",
      "revokeSignInSessions ends refresh tokens; access tokens live to their "
          + "`exp`, guests stay signed in at home",
      "the person signs in again; for kills: permission "
          + "User.RevokeSessions.All, short token life or CAE, and the home tenant "
          + "for guests",
      "AADSTS50173"),
  ENTRA_MAPPED_CLAIMS(
      120,
      Audience.CALLER,
      "Entra ID",
      "E20",
      "custom claims need leave",
      "claims mapping without acceptMappedClaims",
      "set acceptMappedClaims with a GUID or verified-domain audience, or "
          + "give the application its own signing key",
      "AADSTS50146",
      "AADSTS501461"),
  ENTRA_CONDITIONAL(
      121,
      Audience.CALLER,
      "Entra ID",
      "E21",
      "conditional access demands more",
      "multi-factor or a compliant device is required",
      "sign in interactively",
      "AADSTS50076",
      "AADSTS50079",
      "AADSTS53003"),
  ENTRA_SECRET(
      122,
      Audience.CALLER,
      "Entra ID",
      "E22",
      "the application's secret is wrong or has expired",
      "rotated, mistyped (the id in place of the value), or past its end",
      "make a new secret and put it in place",
      "AADSTS7000215",
      "AADSTS7000222"),
  ENTRA_PAIRWISE(
      123,
      Audience.OPERATOR,
      "Entra ID",
      "E23",
      "the anchor keys people by `sub`",
      "Entra's `sub` differs from application to application, so one person " + "has several",
      "set subject: oid, and require `tid`"),
  ENTRA_LATE(
      124,
      Audience.CALLER,
      "Entra ID",
      "E24",
      "sign-in works and every tool fails",
      "a wrong token shows at the first exchange, not at sign-in",
      "run `countersign doctor token` on the first access token"),
  OKTA_ORG(
      201,
      Audience.CALLER,
      "Okta",
      "O1",
      "the token is of the org authorization server",
      "the application signs in at https://<org>; custom claims are never in " + "those tokens",
      "use a custom authorization server: /oauth2/default or /oauth2/<id>"),
  OKTA_ORG_TOKEN(
      202,
      Audience.CALLER,
      "Okta",
      "O2",
      "access tokens of the org server are for Okta alone",
      "their keys are not published, so nobody else can verify them",
      "use a custom authorization server: /oauth2/default or /oauth2/<id>"),
  OKTA_ORG_SCOPE(
      203,
      Audience.CALLER,
      "Okta",
      "O3",
      "a custom scope was requested at the org server",
      "only custom authorization servers have custom scopes",
      "use a custom authorization server: /oauth2/default or /oauth2/<id>",
      "Custom scopes are not allowed"),
  OKTA_NO_SERVERS(
      204,
      Audience.OPERATOR,
      "Okta",
      "O4",
      "the org has no custom authorization server",
      "API Access Management is not licensed (there is no tab Authorization "
          + "Servers), or the id is mistyped",
      "take the licence or a developer org, or correct the server's id"),
  OKTA_NO_POLICY(
      205,
      Audience.CALLER,
      "Okta",
      "O5",
      "no access policy matches",
      "no policy of the authorization server is assigned to the client, or no "
          + "rule covers all requested scopes",
      "assign a policy to the client with a rule that covers every requested " + "scope",
      "Policy evaluation failed",
      "no_matching_policy"),
  OKTA_ONE_SCOPE(
      206,
      Audience.CALLER,
      "Okta",
      "O6",
      "one scope is not allowed, so there is no token at all",
      "Okta refuses the whole request",
      "leave out the scope, or define it at the authorization server",
      "One or more scopes are not configured"),
  OKTA_OTHER_SERVER(
      207,
      Audience.OPERATOR,
      "Okta",
      "O7",
      "the token is of another authorization server of the same org",
      "each custom server has its own issuer and its own keys",
      "set issuer and jwks of the anchor to those of one server"),
  OKTA_DEFAULT_AUDIENCE(
      208,
      Audience.OPERATOR,
      "Okta",
      "O8",
      "`aud` is Okta's default",
      "a new authorization server has the audience api://default",
      "set the audience of the authorization server, or list api://default"),
  OKTA_SPA(
      209,
      Audience.CALLER,
      "Okta",
      "O9",
      "a single-page application must be public and use PKCE",
      "it was registered with a secret, or PKCE or the trusted origin is " + "missing",
      "application type SPA, no secret, PKCE S256, trusted origin",
      "invalid_client",
      "PKCE code",
      "Browser requests to the token endpoint"),
  OKTA_NO_EMAIL(
      210,
      Audience.CALLER,
      "Okta",
      "O10",
      "the token has no address for one-time codes",
      "access tokens of Okta have no `email` unless a claim puts it there",
      "add the claim `email` to the authorization server's access tokens, and "
          + "request scope email"),
  OKTA_KILL(
      211,
      Audience.OPERATOR,
      "Okta",
      "O11",
      "OAuth tokens survive the kill",
      "oauthTokens of the sessions API is false by default",
      "DELETE /api/v1/users/{id}/sessions?oauthTokens=true"),
  OKTA_LONG_LIFE(
      212,
      Audience.OPERATOR,
      "Okta",
      "O12",
      "access tokens live long",
      "5 minutes to 24 hours at a custom server; until `exp` a token that is "
          + "not asked about lives on",
      "set the life of access tokens to five minutes"),
  OKTA_GLOBAL_REVOCATION(
      213,
      Audience.OPERATOR,
      "Okta",
      "O13",
      "another way to revoke",
      "Global Token Revocation revokes without the sessions API",
      "POST /oauth2/v1/global-token-revocation with scope " + "okta.universalLogout.manage"),
  VAULT_METHOD(
      301,
      Audience.CALLER,
      "Other boxes",
      "C8",
      "credentials were asked for with GET",
      "the body of a GET is ignored, so nothing matches",
      "POST with the token in X-Vault-Token",
      "creds must be asked for with POST"),
  RAR_SHAPE(
      302,
      Audience.CALLER,
      "Other boxes",
      "C9",
      "no role mapping matches the request",
      "the shape is another than the mapping's (Vault's alpha and GA differ), "
          + "or a member stands elsewhere",
      "compare type and action with the mappings of the role",
      "RAR_NO_MATCH"),
  NO_JTI(
      303,
      Audience.CALLER,
      "Other boxes",
      "C10",
      "the token has no `jti`",
      "single use cannot be kept without one; Vault answers a bare 403",
      "let the issuer put `jti` into access tokens",
      "`jti` is missing"),
  VAULT_BEARER(
      304,
      Audience.CALLER,
      "Other boxes",
      "C11",
      "a bearer token was sent to Vault's wire",
      "identity comes from X-Vault-Token",
      "send the token in X-Vault-Token",
      "missing client token"),
  ISSUER_SLASH(
      305,
      Audience.OPERATOR,
      "Other boxes",
      "C12",
      "the issuers differ in the last slash only",
      "an issuer is compared letter by letter",
      "write the issuer exactly as `iss` has it"),
  VAULT_PLUGIN(
      306,
      Audience.OPERATOR,
      "Other boxes",
      "C13",
      "the plugin is missing after a restart",
      "its binary or its registration is gone",
      "register the plugin again and reload the mount",
      "plugin not found",
      "Vault is sealed"),
  EVENT_SHAPE(
      307,
      Audience.OPERATOR,
      "Other boxes",
      "C14",
      "an event is accepted but ends nothing",
      "`sub_id` stands inside the event, a time is in milliseconds, or there " + "is no address",
      "`sub_id` beside `events`, times in seconds, and the subject in a form "
          + "that the receiver knows"),
  EVENT_SOURCE(
      308,
      Audience.OPERATOR,
      "Other boxes",
      "C15",
      "the source of an event is unknown",
      "source_id is not registered",
      "register the source at the transmitter",
      "unknown source"),
  SECRETS_ROTATED(
      309,
      Audience.OPERATOR,
      "Other boxes",
      "C16",
      "an update of the application rotated its secrets",
      "a PUT of the whole application makes new secrets; logins loop",
      "read the secrets again after each PUT",
      "CSIAQ0155E"),
  DPOP_USERINFO(
      310,
      Audience.CALLER,
      "Other boxes",
      "C17",
      "userinfo refuses a DPoP-bound token",
      "the token has `cnf`, the request no proof",
      "send a DPoP proof with `ath`, or ask with an unbound token",
      "invalid_dpop_proof",
      "CSIAQ5168E"),
  UNCLASSIFIED_ANSWER(
      311,
      Audience.OPERATOR,
      "Other boxes",
      "C18",
      "every read steps up, or none does",
      "the upstream answer has no classification",
      "let the tool's answer carry its classification, or set a default for " + "the tool");

  private final int number;
  private final Audience audience;
  private final String topic;
  private final String trap;
  private final String what;
  private final String cause;
  private final String fix;

  @SuppressWarnings("ImmutableEnumChecker") // made by toList(), which nobody can change
  private final List<String> signs;

  Code(
      int number,
      Audience audience,
      String topic,
      String trap,
      String what,
      String cause,
      String fix,
      String... signs) {
    this.number = number;
    this.audience = audience;
    this.topic = topic;
    this.trap = trap;
    this.what = what;
    this.cause = cause;
    this.fix = fix;
    this.signs = Arrays.stream(signs).map(sign -> sign.toLowerCase(Locale.ROOT)).toList();
  }

  /// The code as it is written, such as `CSG-0012`.
  public String text() {
    return String.format(Locale.ROOT, "CSG-%04d", number);
  }

  /// Who may be told this code.
  public Audience audience() {
    return audience;
  }

  /// The chapter that it belongs to.
  public String topic() {
    return topic;
  }

  /// The trap of a neighbour's product that it names, such as `E1`; empty where there is none.
  public String trap() {
    return trap;
  }

  /// What happened, in a sentence without a stop.
  public String what() {
    return what;
  }

  /// Why it usually happens.
  public String cause() {
    return cause;
  }

  /// What to do.
  public String fix() {
    return fix;
  }

  /// Texts and foreign codes by which it is known, in lower case.
  public List<String> signs() {
    return signs;
  }

  /// The code with this spelling, such as `CSG-0012`, `csg-12` or `12`.
  public static Optional<Code> find(String text) {
    String digits = text.strip().toLowerCase(Locale.ROOT).replaceFirst("^csg-?", "");
    return digits.matches("[0-9]{1,4}")
        ? Arrays.stream(values())
            .filter(code -> code.number == Integer.parseInt(digits))
            .findFirst()
        : Optional.empty();
  }

  /// Who may know.
  public enum Audience {
    /// Whoever sent the request: it says nothing that its sender does not know.
    CALLER,
    /// Only who reads the ledger: it tells how this installation is set up.
    OPERATOR
  }
}
