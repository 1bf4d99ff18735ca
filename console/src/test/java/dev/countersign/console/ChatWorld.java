package dev.countersign.console;

import dev.countersign.box.FreePort;
import dev.countersign.box.Listener;
import dev.countersign.console.box.ConsoleBox;
import dev.countersign.idp.EntraApi;
import dev.countersign.idp.EntraIdpConfig;
import dev.countersign.idp.Person;
import dev.countersign.idp.PublicClient;
import dev.countersign.idp.box.EntraShapedIdp;
import dev.countersign.ledger.LedgerReader;
import dev.countersign.ledger.LedgerRecord;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A console with a chat, an identity provider, and stand-ins for gateway, model and token service.
final class ChatWorld implements AutoCloseable {
  static final String MAYA = "maya@contoso.example";
  static final String CLIENT = "2f0d4e9b-8c1a-4c8f-9b53-9b7f4d2a2002";
  static final Secret PASSWORD = new Secret("a long enough password");
  private static final String TENANT = "7a1de3e3-2f4d-4e2b-9a57-0c6f3b6f1001";

  final String address = "http://127.0.0.1:" + FreePort.any();
  final GatewayStandIn gateway = new GatewayStandIn();
  final ModelStandIn model = new ModelStandIn();
  final UserInfoStandIn userInfo = new UserInfoStandIn();
  final EntraShapedIdp entra =
      EntraShapedIdp.start(
          EntraIdpConfig.of(
              Listener.loopback(0),
              TENANT,
              List.of(
                  Person.member(
                      MAYA,
                      PASSWORD,
                      "0b7e4a11-52c3-4d7e-8a10-6f6d2c9b7001",
                      "Maya <Lindqvist>",
                      null,
                      null)),
              List.of(
                  new PublicClient(
                      CLIENT, "Console", Set.of(address + "/callback/entra"), Set.of())),
              List.of(
                  new EntraApi(
                      "c40fa7d1-9b25-4a52-8f6e-1f2f0f6d3003",
                      "api://refunds",
                      Set.of("access"),
                      2,
                      Set.of())),
              List.of()),
          InstantSource.system());
  final Provider provider =
      new Provider(
          "entra",
          "Contoso",
          entra.issuer(),
          CLIENT,
          Optional.empty(),
          List.of("openid", "profile", "offline_access", "api://refunds/access"),
          Set.of("127.0.0.1"));
  final ConsoleBox console;

  ChatWorld(SessionLimits limits) {
    this(limits, InstantSource.system());
  }

  /// @param clock the console's; everybody else's is the system's
  ChatWorld(SessionLimits limits, InstantSource clock) {
    // An RSA key takes long on a busy machine, longer than the console waits for a provider.
    new WireClient()
        .get(
            URI.create(entra.baseUri() + "/" + TENANT + "/discovery/v2.0/keys"),
            Map.of(),
            Duration.ofMinutes(2));
    console =
        ConsoleBox.start(
            new ConsoleConfig(
                Listener.loopback(URI.create(address).getPort()),
                URI.create(address),
                gateway.endpoint(),
                userInfo.issuer(),
                List.of(provider),
                limits,
                Optional.of(new ModelConfig(model.baseUrl(), "rehearsed", Optional.empty())),
                Optional.empty()),
            new Story(),
            clock);
  }

  /// A browser with Maya signed in.
  Browser maya() {
    var browser = new Browser();
    Browser.Page form = browser.open(address + "/sign-in/entra");
    browser.submit(form, "/sign-in", Map.of("username", MAYA, "password", PASSWORD.reveal()));
    return browser;
  }

  @Override
  public void close() {
    console.close();
    gateway.close();
    model.close();
    userInfo.close();
    entra.close();
  }

  /// A ledger in which the broker refused `jti-broker` and the token service everything else.
  private static final class Story implements LedgerReader {
    @Override
    public List<LedgerRecord> trace(String jti) {
      boolean byBroker = jti.equals("jti-broker");
      return List.of(
          record(1, "sts", byBroker ? "exchange-permitted" : "exchange-denied", jti),
          record(
              2,
              byBroker ? "broker" : "gateway",
              byBroker ? "lease-refused" : "call-refused",
              jti));
    }

    @Override
    public Optional<String> jtiIn(String traceId, Instant since) {
      return Optional.empty();
    }

    @Override
    public List<LedgerRecord> recent(int limit) {
      return List.of();
    }

    @Override
    public List<String> breaks() {
      return List.of();
    }

    private static LedgerRecord record(long seq, String box, String event, String jti) {
      return new LedgerRecord(
          box + "-1",
          seq,
          Instant.parse("2026-01-01T12:00:00Z").plusMillis(seq),
          box,
          event,
          jti,
          "entra|maya",
          StrictJson.object().put("rule", "<img src=x>"),
          "00");
    }
  }
}
