package dev.countersign.bench;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import io.helidon.common.parameters.Parameters;
import io.helidon.http.HeaderNames;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.InetAddress;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Provider;
import java.text.ParseException;
import java.time.InstantSource;
import java.util.Date;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.UUID;

/// What a token endpoint costs that does nothing but the unavoidable: parse the form, verify RS256,
/// sign ES256, answer. The measure for ours, on the same web server with the field's JOSE library
/// and the same crypto provider.
final class BareServer {
  private final RSASSAVerifier verifier;
  private final ECDSASigner signer;
  private final JWSHeader header;
  private final InstantSource clock = InstantSource.system();

  private BareServer(RSAKey issuer) throws JOSEException {
    verifier = new RSASSAVerifier(issuer);
    var key = new ECKeyGenerator(Curve.P_256).keyIDFromThumbprint(true).generate();
    signer = new ECDSASigner(key);
    header =
        new JWSHeader.Builder(JWSAlgorithm.ES256)
            .type(new JOSEObjectType("at+jwt"))
            .keyID(key.getKeyID())
            .build();
    fastProvider()
        .ifPresent(provider -> {
          verifier.getJCAContext().setProvider(provider);
          signer.getJCAContext().setProvider(provider);
        });
  }

  private static Optional<Provider> fastProvider() {
    return ServiceLoader.load(Provider.class).stream()
        .filter(candidate -> candidate.type().getSimpleName().startsWith("AmazonCorretto"))
        .findFirst()
        .map(ServiceLoader.Provider::get);
  }

  /// Serves, and ends with the process that started it.
  ///
  /// @param arguments the file with the issuer's public key, as a JWK
  public static void main(String[] arguments) throws Exception {
    var bare = new BareServer(RSAKey.parse(Files.readString(Path.of(arguments[0]))));
    WebServer server =
        WebServer.builder()
            .address(InetAddress.getLoopbackAddress())
            .port(0)
            .shutdownHook(false)
            .featuresDiscoverServices(false)
            .routing(routing -> routing.post("/oauth2/token", bare::token))
            .build()
            .start();
    ChildProcess.serveUntilParentIsGone(
        URI.create("http://127.0.0.1:" + server.port() + "/oauth2/token"), server::stop);
  }

  private void token(ServerRequest request, ServerResponse response) {
    try {
      Parameters form = request.content().as(Parameters.class);
      var subject = SignedJWT.parse(form.get("subject_token"));
      if (!subject.verify(verifier)) {
        response.status(Status.BAD_REQUEST_400).send("{\"error\":\"invalid_request\"}");
        return;
      }
      String token = signed(subject.getJWTClaimsSet(), form.get("resource"));
      response.header(HeaderNames.CONTENT_TYPE, "application/json");
      response.send("{\"access_token\":\"" + token + "\",\"token_type\":\"Bearer\"}");
    } catch (ParseException | JOSEException broken) {
      response.status(Status.BAD_REQUEST_400).send("{\"error\":\"invalid_request\"}");
    }
  }

  @SuppressWarnings("JavaUtilDate") // as the library has it
  private String signed(JWTClaimsSet subject, String resource) throws JOSEException {
    long now = clock.millis();
    var claims =
        new JWTClaimsSet.Builder()
            .issuer("http://127.0.0.1")
            .subject(subject.getSubject())
            .audience(resource)
            .claim("client_id", "bench")
            .issueTime(new Date(now))
            .expirationTime(new Date(now + 60_000))
            .jwtID(UUID.randomUUID().toString())
            .build();
    var token = new SignedJWT(header, claims);
    token.sign(signer);
    return token.serialize();
  }
}
