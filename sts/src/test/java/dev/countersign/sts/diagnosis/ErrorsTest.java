package dev.countersign.sts.diagnosis;

import static dev.countersign.protocol.OAuthError.INVALID_AUTHORIZATION_DETAILS;
import static dev.countersign.protocol.OAuthError.INVALID_CLIENT;
import static dev.countersign.protocol.OAuthError.INVALID_REQUEST;
import static org.assertj.core.api.Assertions.assertThat;

import dev.countersign.protocol.OAuthError;
import java.util.Arrays;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          AADSTS50194: Application is not configured as a multi-tenant application  | ENTRA_TEMPLATE
          AADSTS700022: multiple resources                                          | ENTRA_TWO_RESOURCES
          AADSTS28002                                                               | ENTRA_TWO_RESOURCES
          AADSTS70011: The provided value for the input parameter 'scope'           | ENTRA_TWO_RESOURCES
          AADSTS700023                                                              | ENTRA_TWO_RESOURCES
          AADSTS500011: The resource principal was not found                        | ENTRA_NO_RESOURCE
          AADSTS650057                                                              | ENTRA_NO_RESOURCE
          AADSTS650056                                                              | ENTRA_NO_RESOURCE
          AADSTS65001: The user or administrator has not consented                  | ENTRA_CONSENT
          AADSTS90094                                                               | ENTRA_CONSENT
          AADSTS90009                                                               | ENTRA_SELF
          AADSTS700025: Client is public                                            | ENTRA_PLATFORM
          AADSTS7000218                                                             | ENTRA_PLATFORM
          AADSTS50011: The redirect URI does not match                              | ENTRA_PLATFORM
          AADSTS501481                                                              | ENTRA_PLATFORM
          AADSTS50105                                                               | ENTRA_ASSIGNMENT
          AADSTS50020                                                               | ENTRA_ASSIGNMENT
          AADSTS50034                                                               | ENTRA_ASSIGNMENT
          AADSTS50173: The provided grant has expired due to it being revoked       | ENTRA_REVOKED
          AADSTS50146                                                               | ENTRA_MAPPED_CLAIMS
          AADSTS501461                                                              | ENTRA_MAPPED_CLAIMS
          AADSTS50076                                                               | ENTRA_CONDITIONAL
          AADSTS50079                                                               | ENTRA_CONDITIONAL
          AADSTS53003                                                               | ENTRA_CONDITIONAL
          AADSTS7000215: Invalid client secret provided                             | ENTRA_SECRET
          AADSTS7000222                                                             | ENTRA_SECRET
          IDX10214: Audience validation failed                                      | TOKEN_AUDIENCE
          Custom scopes are not allowed for this request.                           | OKTA_ORG_SCOPE
          Policy evaluation failed for this request, please check the policy        | OKTA_NO_POLICY
          no_matching_policy                                                        | OKTA_NO_POLICY
          One or more scopes are not configured for the authorization server        | OKTA_ONE_SCOPE
          PKCE code challenge is required when the token endpoint                   | OKTA_SPA
          CSIAQ0197E                                                                | TOKEN_SIGNATURE
          CSIAQ5201E                                                                | MAY_ACT
          CSIAQ0158E                                                                | TOKEN_PARTY
          CSIAQ0279E access_denied                                                  | ENTITLEMENT
          CSIAQ0278E access_denied                                                  | DENIED
          CSIAQ0155E                                                                | CLIENT_SECRET
          CSIAQ0381                                                                 | ANCHOR
          CSIAQ5168E                                                                | DPOP_USERINFO
          CSIBN0018E                                                                | OTP_CORRELATION
          CSIAS0080E                                                                | SESSION_REVOKED
          mfa_no_email                                                              | NO_ADDRESS
          mfa_no_factor                                                             | NO_FACTOR
          {"scope":"mfa_challenge"}                                                 | STEP_UP_PENDING
          RAR_NO_MATCH                                                              | DETAILS_OUTSIDE
          missing client token                                                      | VAULT_BEARER
          Vault is sealed                                                           | VAULT_PLUGIN
          unknown source                                                            | EVENT_SOURCE
          invalid_dpop_proof                                                        | DPOP_USERINFO
          subject_token: `aud` is not an audience accepted here (CSG-0101)          | ENTRA_GRAPH
          """)
  void recognisesAnError(String text, Code code) {
    assertThat(Errors.in(text)).startsWith(code);
  }

  @Test
  void aNumberThatGoesOnIsAnotherNumber() {
    assertThat(Errors.in("AADSTS7000229")).isEmpty();
    assertThat(Errors.in("AADSTS700022")).doesNotContain(Code.ENTRA_SECRET);
    assertThat(Errors.in("AADSTS501461")).containsExactly(Code.ENTRA_MAPPED_CLAIMS);
  }

  @Test
  void knowsNothingOfWhatItDoesNotKnow() {
    assertThat(Errors.in("the printer is out of paper")).isEmpty();
    assertThat(Errors.in("")).isEmpty();
    assertThat(Errors.in("CSG-9999")).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(OAuthError.class)
  void aRefusalOfOursHasACodeThatItsCallerMaySee(OAuthError error) {
    assertThat(Errors.of(error, "a reason that nobody wrote").audience())
        .isEqualTo(Code.Audience.CALLER);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          authorization_details: a member name occurs twice               | DETAILS_FORM
          authorization_details[0].type is not a type that is known here  | DETAILS_TYPE
          authorization_details[0].note is not a member of this type      | DETAILS
          subject_token: the text is not JSON                             | TOKEN_FORM
          subject_token: a member name occurs twice                       | TOKEN_FORM
          subject_token: `exp` has passed                                 | TOKEN_EXPIRED
          subject_token: it is bound to a key that was not proven         | TOKEN_BOUND
          the DPoP proof: it was used before                              | DPOP_PROOF
          client_assertion: it was used before                            | CLIENT_REPLAY
          client_assertion: `exp` has passed                              | CLIENT_ASSERTION
          client_assertion: the signature does not verify                 | CLIENT_ASSERTION
          scope is wider than that of subject_token                       | CHAIN
          another try with this Idempotency-Key is being answered         | IDEMPOTENCY
          """)
  void aRefusalOfOursHasTheCodeOfItsReason(String reason, Code code) {
    OAuthError error =
        switch (code.topic()) {
          case "Clients" -> INVALID_CLIENT;
          case "Authorization details" -> INVALID_AUTHORIZATION_DETAILS;
          default -> code == Code.DETAILS ? INVALID_AUTHORIZATION_DETAILS : INVALID_REQUEST;
        };
    assertThat(Errors.of(error, reason)).isEqualTo(code);
  }

  @Test
  void codesAreUniqueAndFoundByAnySpelling() {
    var numbers = new HashSet<String>();

    for (Code code : Code.values()) {
      assertThat(numbers.add(code.text())).as(code.text()).isTrue();
      assertThat(Code.find(code.text())).contains(code);
      assertThat(Code.find(code.text().toLowerCase(java.util.Locale.ROOT))).contains(code);
      assertThat(Code.find(code.text().substring(4))).contains(code);
      assertThat(code.what() + code.cause() + code.fix()).matches("[ -~]+");
    }
    assertThat(Code.find("CSG-9999")).isEmpty();
    assertThat(Code.find("nonsense")).isEmpty();
  }

  @Test
  void everyTrapOfTheNeighboursHasACode() {
    var traps = new HashSet<String>();
    Arrays.stream(Code.values())
        .forEach(code -> traps.addAll(Arrays.asList(code.trap().split(", "))));

    for (int i = 1; i <= 24; i++) {
      assertThat(traps).contains("E" + i);
    }
    for (int i = 1; i <= 13; i++) {
      assertThat(traps).contains("O" + i);
    }
    for (int i = 1; i <= 18; i++) {
      assertThat(traps).contains("C" + i);
    }
  }
}
