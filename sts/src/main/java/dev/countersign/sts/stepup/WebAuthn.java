package dev.countersign.sts.stepup;

import com.webauthn4j.WebAuthnManager;
import com.webauthn4j.converter.AttestedCredentialDataConverter;
import com.webauthn4j.converter.exception.DataConversionException;
import com.webauthn4j.converter.util.ObjectConverter;
import com.webauthn4j.credential.CredentialRecordImpl;
import com.webauthn4j.data.AuthenticationData;
import com.webauthn4j.data.AuthenticationParameters;
import com.webauthn4j.data.PublicKeyCredentialParameters;
import com.webauthn4j.data.PublicKeyCredentialType;
import com.webauthn4j.data.RegistrationData;
import com.webauthn4j.data.RegistrationParameters;
import com.webauthn4j.data.attestation.statement.COSEAlgorithmIdentifier;
import com.webauthn4j.data.attestation.statement.NoneAttestationStatement;
import com.webauthn4j.data.client.Origin;
import com.webauthn4j.data.client.challenge.DefaultChallenge;
import com.webauthn4j.server.ServerProperty;
import com.webauthn4j.verifier.exception.VerificationException;
import dev.countersign.protocol.MalformedJsonException;
import dev.countersign.protocol.StrictJson;
import java.net.URI;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/// Checks what passkeys sign: for this origin and no other, with the person verified by the
/// authenticator. Threads may share it.
///
/// @spec https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion Web Authentication Level 3 §7.2
public final class WebAuthn {
  private static final Pattern NUMBERS = Pattern.compile("[0-9.]+|.*:.*");
  private static final List<PublicKeyCredentialParameters> ALGORITHMS =
      List.of(
          parameters(COSEAlgorithmIdentifier.ES256),
          parameters(COSEAlgorithmIdentifier.EdDSA),
          parameters(COSEAlgorithmIdentifier.RS256));

  private final String host;
  private final Origin origin;
  private final ObjectConverter json = new ObjectConverter();
  private final WebAuthnManager manager = WebAuthnManager.createNonStrictWebAuthnManager(json);
  private final AttestedCredentialDataConverter credentials =
      new AttestedCredentialDataConverter(json);

  /// @param issuer our own address, whose host is the relying party
  public WebAuthn(URI issuer) {
    host = issuer.getHost();
    origin = new Origin(issuer.toString());
  }

  /// Whether browsers allow passkeys for an address: the host must be a name, no number.
  public static boolean isPossible(URI issuer) {
    return !NUMBERS.matcher(issuer.getHost()).matches();
  }

  /// The relying party's id.
  public String relyingParty() {
    return host;
  }

  private static PublicKeyCredentialParameters parameters(COSEAlgorithmIdentifier algorithm) {
    return new PublicKeyCredentialParameters(PublicKeyCredentialType.PUBLIC_KEY, algorithm);
  }

  /// Reads a new credential.
  ///
  /// @param response the browser's `PublicKeyCredential` as JSON
  /// @return empty if it does not answer the challenge
  public Optional<Passkeys.Passkey> register(
      byte[] challenge, String response, String label, Instant now) {
    try {
      RegistrationData data =
          manager.verifyRegistrationResponseJSON(
              response, new RegistrationParameters(server(challenge), ALGORITHMS, true, true));
      var attestation = data.getAttestationObject();
      var credential =
          attestation == null
              ? null
              : attestation.getAuthenticatorData().getAttestedCredentialData();
      if (attestation == null || credential == null) {
        return Optional.empty();
      }
      return Optional.of(
          new Passkeys.Passkey(
              base64(credential.getCredentialId()),
              base64(credentials.convert(credential)),
              attestation.getAuthenticatorData().getSignCount(),
              label,
              now,
              null));
    } catch (VerificationException | DataConversionException | IllegalArgumentException refused) {
      return Optional.empty();
    }
  }

  /// Checks what one of these passkeys signed over a challenge.
  ///
  /// @return which passkey, and its counter; empty if none did
  public Optional<Used> verify(byte[] challenge, String response, List<Passkeys.Passkey> known) {
    try {
      String id = StrictJson.parseObject(response).path("id").asString("");
      for (Passkeys.Passkey passkey : known) {
        if (passkey.credentialId().equals(id)) {
          byte[] credential = Base64.getUrlDecoder().decode(passkey.credentialId());
          AuthenticationData checked =
              manager.verifyAuthenticationResponseJSON(
                  response,
                  new AuthenticationParameters(
                      server(challenge), record(passkey), List.of(credential), true, true));
          var authenticator = checked.getAuthenticatorData();
          return authenticator == null
              ? Optional.empty()
              : Optional.of(new Used(id, authenticator.getSignCount()));
        }
      }
      return Optional.empty();
    } catch (VerificationException
        | DataConversionException
        | MalformedJsonException
        | IllegalArgumentException refused) {
      return Optional.empty();
    }
  }

  private ServerProperty server(byte[] challenge) {
    return ServerProperty.builder()
        .origins(Set.of(origin))
        .rpId(host)
        .challenge(new DefaultChallenge(challenge))
        .build();
  }

  private CredentialRecordImpl record(Passkeys.Passkey passkey) {
    return new CredentialRecordImpl(
        new NoneAttestationStatement(),
        null,
        null,
        null,
        passkey.signCount(),
        credentials.convert(Base64.getUrlDecoder().decode(passkey.credential())),
        null,
        null,
        null,
        null);
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /// A passkey that signed.
  public record Used(String credentialId, long signCount) {}
}
