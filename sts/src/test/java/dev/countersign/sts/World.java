package dev.countersign.sts;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import dev.countersign.box.Database;
import dev.countersign.box.DatabaseSettings;
import dev.countersign.box.FreePort;
import dev.countersign.box.IssuerKeys;
import dev.countersign.box.Listener;
import dev.countersign.box.TestState;
import dev.countersign.ledger.Ledger;
import dev.countersign.ledger.LedgerEntry;
import dev.countersign.ledger.LedgerEvent;
import dev.countersign.policy.Factor;
import dev.countersign.policy.Policy;
import dev.countersign.policy.TypeRegistry;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.JwtRules;
import dev.countersign.protocol.KeySource;
import dev.countersign.protocol.PresenterAssertion;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.TokenTypes;
import dev.countersign.protocol.VerificationKeys;
import dev.countersign.sts.box.PolicyFiles;
import dev.countersign.sts.box.StsBox;
import dev.countersign.sts.clients.Client;
import dev.countersign.sts.clients.ClientAuthorities;
import dev.countersign.sts.clients.ClientOptions;
import dev.countersign.sts.clients.Credentials;
import dev.countersign.sts.clients.Registration;
import dev.countersign.sts.keys.KeySettings;
import dev.countersign.sts.keys.MasterKey;
import dev.countersign.sts.postgres.PgKeyStore;
import jakarta.mail.MessagingException;
import jakarta.mail.Multipart;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A token service with everything around it that it talks to: PostgreSQL, an identity provider, a
/// mail server, a transmitter, a clock and a ledger that the test holds.
final class World implements AutoCloseable {
  static final Instant NOON = Instant.parse("2026-01-01T12:00:00Z");
  static final String AUDIENCE = "66666666-7777-8888-9999-000000000000";
  static final String TENANT = "11111111-2222-3333-4444-555555555555";
  static final String ENTRA_TYPE = "urn:entra:token-type:user-jwt";
  static final String OKTA_TYPE = "urn:okta:token-type:user-jwt";
  static final String RESOURCE = "http://127.0.0.1:9403/mcp";
  static final String REFUND = "urn:smt:agent:refund";
  private static final Pattern CODE = Pattern.compile("Your code: ([0-9]{6})");
  private static final Pattern CSRF = Pattern.compile("name=\"csrf\" value=\"([^\"]+)\"");

  final ForeignIssuer entra = new ForeignIssuer(ForeignIssuer.ENTRA_KEY);
  final ForeignIssuer okta = new ForeignIssuer(ForeignIssuer.OKTA_KEY);
  final StubTransmitter transmitter = new StubTransmitter();
  static final MasterKey MASTER =
      new MasterKey(new Secret("a master key for tests, of 32 and more characters"));
  final ECKey stsWorkload = ec("sts-w");
  final ECKey gatewayKey = ec("gateway-1");
  final ECKey otherKey = ec("other-1");
  final ECKey receiverKey = ec("receiver-1");
  final ECKey operatorKey = ec("operator-1");
  final ECKey hrKey = ec("hr-1");
  final AtomicReference<Instant> now = new AtomicReference<>(NOON);
  final InstantSource clock = now::get;
  final List<LedgerEntry> ledger = new CopyOnWriteArrayList<>();
  final List<String> secretsSeen = new CopyOnWriteArrayList<>();
  volatile boolean ledgerIsAway;
  final GreenMail mail;
  final int smtpPort;
  final Database database;
  final StsConfig config;
  final StsBox box;
  final String issuer;
  private final Map<String, String> owners = new ConcurrentHashMap<>();
  private final HttpClient http =
      HttpClient.newBuilder().followRedirects(HttpClient.Redirect.NEVER).build();

  World() {
    this(settings(), stepUp());
  }

  /// Likewise, with a step-up of its own.
  World(StepUpSettings stepUp, List<Anchor> more) {
    this(settings(), stepUp, "127.0.0.1", more);
  }

  /// A world with more trust anchors, whose tokens the client `gateway` may exchange too.
  World(List<Anchor> more) {
    this(settings(), stepUp(), "127.0.0.1", more);
  }

  World(DatabaseSettings state, StepUpSettings stepUp) {
    this(state, stepUp, "127.0.0.1");
  }

  /// @param host of the issuer; passkeys need a name
  World(DatabaseSettings state, StepUpSettings stepUp, String host) {
    this(state, stepUp, host, List.of());
  }

  private World(DatabaseSettings state, StepUpSettings stepUp, String host, List<Anchor> more) {
    okta.clock = clock;
    entra.clock = clock;
    smtpPort = FreePort.any();
    mail = new GreenMail(new ServerSetup(smtpPort, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
    mail.start();
    database =
        Database.open(
            "sts", state, new Database.Limits(12, Duration.ofSeconds(5), Duration.ofSeconds(15)));
    int port = FreePort.any();
    issuer = "http://" + host + ":" + port;
    config = config(port, stepUp, host, more);
    box = start();
  }

  /// A second replica on the same state, at a port of its own.
  StsBox replica(int port) {
    return start(at(Listener.loopback(port), config.authorities()));
  }

  /// A second replica that listens otherwise.
  StsBox replica(Listener listener, ClientAuthorities authorities) {
    return start(at(listener, authorities));
  }

  /// A replica with a policy of its own files and what surrounds it.
  StsBox replica(int port, DecisionSettings settings, PolicyFiles files) {
    return StsBox.start(
        at(Listener.loopback(port), config.authorities()),
        settings,
        files.read().get(),
        files,
        database,
        this::write,
        stsWorkload,
        clock);
  }

  /// A second replica that lets a token be exchanged less often.
  StsBox replica(int port, TokenLimits limits) {
    return start(at(Listener.loopback(port), config.authorities(), limits));
  }

  private StsConfig at(Listener listener, ClientAuthorities authorities) {
    return at(listener, authorities, config.tokenLimits());
  }

  private StsConfig at(Listener listener, ClientAuthorities authorities, TokenLimits limits) {
    return new StsConfig(
        config.issuer(),
        listener,
        config.tokenLifetime(),
        config.stepUp(),
        config.anchors(),
        config.clients(),
        config.sessionAdmins(),
        config.operators(),
        config.smtp(),
        config.keys(),
        authorities,
        config.transmitter(),
        config.broker(),
        config.attributeAdmins(),
        limits);
  }

  private void write(LedgerEntry entry) {
    if (ledgerIsAway) {
      throw new Ledger.LedgerAway(null);
    }
    ledger.add(entry);
  }

  private StsBox start() {
    return start(config);
  }

  /// A replica that comes with another policy than the one that runs.
  StsBox replica(int port, String policy) {
    try {
      Path changed = Files.createTempFile("policy", ".yaml");
      changed.toFile().deleteOnExit();
      Files.writeString(changed, policy);
      return start(at(Listener.loopback(port), config.authorities()), changed);
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  /// The text of the policy that runs.
  static String policy() {
    try {
      return Files.readString(file("policy.yaml"));
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    }
  }

  private StsBox start(StsConfig with) {
    return start(with, file("policy.yaml"));
  }

  private StsBox start(StsConfig with, Path policy) {
    TypeRegistry types = TypeRegistry.load(file("types.yaml"));
    return StsBox.start(
        with, Policy.load(policy, types), types, database, this::write, stsWorkload, clock);
  }

  static DatabaseSettings settings() {
    return TestState.shared()
        .migrated(
            "sts", "sts_" + Ids.base62(10).toLowerCase(java.util.Locale.ROOT), StsBox.MIGRATIONS);
  }

  /// The default step-up, with people who can sign in.
  static StepUpSettings stepUp() {
    return stepUp(StepUpSettings.Limits.defaults(), List.of(Factor.EMAILOTP), null);
  }

  static StepUpSettings stepUp(
      StepUpSettings.Limits limits, List<Factor> factors, @Nullable SmsSettings sms) {
    return new StepUpSettings(
        limits,
        factors,
        Map.of(
            "okta", signIn("Okta", "sub", List.of("urn:okta:loa:2fa:any"), List.of()),
            "entra", signIn("Contoso", "oid", List.of(), List.of("c1"))),
        sms);
  }

  private static SignInSettings signIn(
      String label, String subject, List<String> acrValues, List<String> contexts) {
    return new SignInSettings(
        label,
        "approvals",
        null,
        List.of("openid", "profile"),
        subject,
        acrValues,
        contexts,
        SignInSettings.GROUPS,
        SignInSettings.ROLES);
  }

  private StsConfig config(int port, StepUpSettings stepUp, String host, List<Anchor> more) {
    var anchors = new ArrayList<>(more);
    anchors.add(
        anchor(
            "entra",
            entra,
            ENTRA_TYPE,
            AUDIENCE,
            "oid",
            Map.of(),
            Map.of("ver", "2.0", "tid", TENANT)));
    anchors.add(
        anchor(
            "okta",
            okta,
            OKTA_TYPE,
            "api://refunds",
            "uid",
            Map.of("refund_limit", "refund_limit"),
            Map.of()));
    return new StsConfig(
        URI.create("http://" + host + ":" + port),
        Listener.loopback(port),
        StsConfig.DEFAULT_LIFETIME,
        stepUp,
        anchors,
        List.of(
            client(
                "gateway",
                gatewayKey,
                anchors.stream().map(Anchor::name).collect(Collectors.toSet()),
                Set.of(REFUND, "urn:smt:agent:case")),
            client("other", otherKey, Set.of("okta"), Set.of("urn:smt:agent:case")),
            client("older", false, true),
            client("standard", true, false)),
        Map.of("receiver", keys(receiverKey)),
        Map.of("operator", keys(operatorKey)),
        new SmtpSettings(
            "127.0.0.1",
            smtpPort,
            SmtpSettings.Security.NONE,
            "Countersign <approvals@countersign.example>",
            null,
            List.of()),
        KeySettings.of(MASTER),
        ClientAuthorities.none(),
        transmitter.address(),
        Optional.of(transmitter.address()),
        Map.of("hr", new AttributeAdmin(keys(hrKey), Set.of("refund_limit", "mail"))),
        TokenLimits.defaults());
  }

  private static Anchor anchor(
      String name,
      ForeignIssuer issuer,
      String type,
      String audience,
      String subject,
      Map<String, String> attributes,
      Map<String, String> required) {
    return new Anchor(
        name,
        type,
        new JwtRules(
            issuer.issuer(),
            Set.of(audience),
            Set.of("JWT"),
            Set.of("RS256"),
            Duration.ofSeconds(30),
            Duration.ZERO),
        new Anchor.Demands(required, Set.of(), Set.of(), false),
        new Anchor.Claims(
            subject, List.of("email", "preferred_username"), List.of("phone_number"), attributes),
        IssuerKeys.at(issuer.keys(), Set.of("127.0.0.1")),
        null);
  }

  private static Client client(String id, ECKey key, Set<String> anchors, Set<String> types) {
    return new Client(
        id,
        new Credentials.Keys(keys(key)),
        anchors,
        types,
        Set.of("refund:write", "case:read"),
        List.of(RESOURCE, "http://127.0.0.1:9999/second"),
        Duration.ofMinutes(5),
        "Refund desk agent",
        ClientOptions.none());
  }

  /// A client of the Okta-shaped provider's people that speaks another form of step-up.
  private Client client(String id, boolean standardStepUp, boolean submitsCodes) {
    Client plain = client(id, otherKey, Set.of("okta"), Set.of(REFUND));
    return new Client(
        id,
        plain.credentials(),
        plain.anchors(),
        plain.detailTypes(),
        plain.scopes(),
        plain.audiences(),
        plain.maxLifetime(),
        plain.displayName(),
        new ClientOptions(
            Set.of(), false, Set.of(), standardStepUp, false, false, Set.of(), submitsCodes));
  }

  static KeySource keys(ECKey key) {
    return KeySource.of(VerificationKeys.of(List.of(key)));
  }

  static ECKey ec(String kid) {
    try {
      return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
    } catch (JOSEException failed) {
      throw new IllegalStateException(failed);
    }
  }

  static Path file(String name) {
    try {
      var resource = World.class.getResource("/refunds/" + name);
      if (resource == null) {
        throw new IllegalStateException("no test file " + name);
      }
      return Path.of(resource.toURI());
    } catch (URISyntaxException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /// The key that signs now.
  ECKey signingKey() {
    return new PgKeyStore(database, MASTER).published(now.get()).getLast().reveal().toECKey();
  }

  /// Waits until something is so; a replica may take a second to see what another did.
  static void until(java.util.function.BooleanSupplier condition) {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("it did not come about within 30 seconds");
      }
      java.util.concurrent.locks.LockSupport.parkNanos(Duration.ofMillis(50).toNanos());
    }
  }

  void tick(Duration time) {
    now.updateAndGet(instant -> instant.plus(time));
  }

  // --- people and their tokens

  /// A person of the Okta-shaped provider with a refund limit of 50.00 dollars.
  Person person() {
    String uid = "00u" + Ids.base62(12);
    return new Person(
        "okta|" + uid, uid, uid.toLowerCase(java.util.Locale.ROOT) + "@fabrikam.example");
  }

  ObjectNode oktaClaims(Person person) {
    long second = now.get().getEpochSecond();
    return StrictJson.object()
        .put("iss", okta.issuer())
        .put("aud", "api://refunds")
        .put("sub", person.mail())
        .put("uid", person.id())
        .put("cid", "console")
        .put("email", person.mail())
        .put("refund_limit", 5000)
        .put("auth_time", second - 60)
        .put("jti", Ids.random())
        .put("iat", second - 30)
        .put("exp", second + 3600);
  }

  ObjectNode entraClaims(String oid) {
    long second = now.get().getEpochSecond();
    return StrictJson.object()
        .put("iss", entra.issuer())
        .put("aud", AUDIENCE)
        .put("sub", "pairwise-" + oid)
        .put("oid", oid)
        .put("tid", TENANT)
        .put("ver", "2.0")
        .put("preferred_username", "maya@contoso.example")
        .put("iat", second - 30)
        .put("nbf", second - 30)
        .put("exp", second + 3600);
  }

  String token(Person person) {
    return seen(okta.sign(oktaClaims(person)));
  }

  String seen(String secret) {
    secretsSeen.add(secret);
    return secret;
  }

  static String refund(long cents) {
    return refund(cents, "R-884-2233");
  }

  static String refund(long cents, String account) {
    return """
    [{"type":"urn:smt:agent:refund","operationDetails":{"action":"process_refund",\
    "instructedAmount":{"currency":"USD","amount":%d},\
    "creditorAccount":{"identification":"%s"}}}]\
    """
        .formatted(cents, account);
  }

  // --- requests

  String assertion(String client) {
    ECKey key = client.equals("gateway") ? gatewayKey : otherKey;
    return seen(new PresenterAssertion.Maker(client, key, clock).assertion(issuer));
  }

  /// Registers a client as the command does, with a key of its own.
  ECKey register(String id, ClientOptions options) {
    ECKey key = ec(id + "-1");
    boolean added =
        StsBox.clients(database, clock)
            .add(
                id,
                registration(options)
                    .withKeys(
                        "private_key_jwt", StrictJson.parseObject(key.toJSONString()), now.get()));
    if (!added) {
      throw new IllegalStateException(id + " is registered already");
    }
    return key;
  }

  /// What such a client may do, without credentials.
  static Registration registration(ClientOptions options) {
    return Registration.of(
        "Night desk agent",
        List.of("okta"),
        List.of(REFUND, "urn:smt:agent:case"),
        List.of("refund:write", "case:read"),
        List.of(RESOURCE),
        Duration.ofMinutes(5),
        options);
  }

  /// The same request by another client.
  Map<String, String> by(String client, ECKey key, Map<String, String> form) {
    var changed = new LinkedHashMap<>(form);
    changed.put(
        "client_assertion",
        seen(new PresenterAssertion.Maker(client, key, clock).assertion(issuer)));
    return changed;
  }

  /// The form of a good exchange for this person and amount.
  Map<String, String> exchangeForm(String token, String details) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.TOKEN_EXCHANGE_GRANT);
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put("client_assertion", assertion("gateway"));
    form.put("subject_token", token);
    form.put("subject_token_type", OKTA_TYPE);
    form.put("scope", "refund:write");
    form.put("resource", RESOURCE);
    form.put("authorization_details", details);
    return form;
  }

  Answer exchange(Person person, long cents) {
    return post(exchangeForm(token(person), refund(cents)));
  }

  Map<String, String> redeemForm(String assertion, String details) {
    var form = new LinkedHashMap<String, String>();
    form.put("grant_type", TokenTypes.JWT_BEARER_GRANT);
    form.put("client_assertion_type", TokenTypes.JWT_CLIENT_ASSERTION);
    form.put("client_assertion", assertion("gateway"));
    form.put("assertion", assertion);
    form.put("scope", "refund:write");
    form.put("resource", RESOURCE);
    form.put("authorization_details", details);
    return form;
  }

  /// @param headers names and values beside the content type
  Answer post(Map<String, String> form, String... headers) {
    return post(URI.create(issuer), form, headers);
  }

  /// Posts to one replica.
  Answer post(URI replica, Map<String, String> form, String... headers) {
    var all = new ArrayList<>(List.of("Content-Type", "application/x-www-form-urlencoded"));
    all.addAll(List.of(headers));
    Answer answer =
        sendTo(
            URI.create(replica + "/oauth2/token"),
            "POST",
            encoded(form),
            all.toArray(String[]::new));
    String approval = answer.text("approval_id");
    String subjectToken = form.getOrDefault("subject_token", "");
    if (!approval.isEmpty() && subjectToken.split("\\.", -1).length == 3) {
      ObjectNode claims = claims(subjectToken);
      owners.put(
          approval,
          claims.has("uid")
              ? "okta|" + claims.path("uid").asString("")
              : "entra|" + claims.path("oid").asString(""));
    }
    JsonNode token = answer.json().path("access_token");
    if (token.isString()) {
      seen(token.stringValue());
    }
    return answer;
  }

  static String encoded(Map<String, String> form) {
    return form.entrySet().stream()
        .map(field -> encode(field.getKey()) + "=" + encode(field.getValue()))
        .collect(Collectors.joining("&"));
  }

  static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  Answer send(String method, String path, @Nullable String body, String... headers) {
    return sendTo(URI.create(issuer + path), method, body, headers);
  }

  Answer sendTo(URI address, String method, @Nullable String body, String... headers) {
    var request = HttpRequest.newBuilder(address);
    if (headers.length > 0) {
      request.headers(headers);
    }
    request.method(
        method,
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body));
    try {
      HttpResponse<String> response =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      return new Answer(response.statusCode(), response.body(), response.headers().map());
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(interrupted);
    }
  }

  Answer userInfo(String token) {
    return send("GET", "/oauth2/userinfo", null, "Authorization", "Bearer " + token);
  }

  Answer verification(Answer stepUp) {
    Answer answer =
        send(
            "GET",
            "/v2.0/factors/emailotp/transient/verifications/"
                + stepUp.text("approval_id")
                + "?returnJwt=true",
            null,
            "Authorization",
            "Bearer " + stepUp.text("access_token"));
    JsonNode assertion = answer.json().path("assertion");
    if (assertion.isString()) {
      seen(assertion.stringValue());
    }
    return answer;
  }

  Answer endSessions(String subject, String txn, ECKey key, String name) {
    return send(
        "DELETE",
        "/v1.0/auth/sessions/" + encode(subject),
        null,
        PresenterAssertion.HEADER,
        seen(new PresenterAssertion.Maker(name, key, clock).assertion(issuer)),
        "X-Countersign-Txn",
        txn);
  }

  /// The same, for what happened then.
  Answer endSessions(String subject, String txn, ECKey key, String name, String at) {
    return send(
        "DELETE",
        "/v1.0/auth/sessions/" + encode(subject),
        null,
        PresenterAssertion.HEADER,
        seen(new PresenterAssertion.Maker(name, key, clock).assertion(issuer)),
        "X-Countersign-Txn",
        txn,
        "X-Countersign-At",
        at);
  }

  // --- the person's browser and mailbox

  /// Signs somebody in at the approval page, in a browser of their own.
  ///
  /// @param subject the subject key
  /// @return the browser's cookie
  String signIn(String subject, String target) {
    String[] parts = subject.split("\\|", 2);
    Answer away = send("GET", "/approve/sign-in/" + parts[0] + "?to=" + target, null);
    return comeBack(away.header("location"), cookie(away, "none=none"), parts[1]);
  }

  /// Lets the identity provider sign somebody in and brings the browser back.
  String comeBack(String authorize, String cookie, String person) {
    Answer back = sendTo(URI.create(authorize + "&test_person=" + encode(person)), "GET", null);
    Answer here = sendTo(URI.create(back.header("location")), "GET", null, "Cookie", cookie);
    return cookie(here, cookie);
  }

  private static String cookie(Answer answer, String otherwise) {
    return answer
        .headers()
        .getOrDefault("set-cookie", List.of(otherwise))
        .getFirst()
        .split(";", -1)[0];
  }

  /// The page of an approval as its owner sees it.
  Answer page(String approval) {
    String cookie = signIn(owners.getOrDefault(approval, "okta|nobody"), approval);
    return send("GET", "/approve/" + approval, null, "Cookie", cookie);
  }

  /// Opens the page as its owner's browser does, and keeps the form and the cookie.
  Form open(String approval) {
    return open(approval, owners.getOrDefault(approval, "okta|nobody"));
  }

  /// Opens the page as somebody.
  Form open(String approval, String subject) {
    String cookie = signIn(subject, approval);
    return form(approval, cookie);
  }

  /// The token that a form of this approval would have in this browser, as only the service can
  /// make it.
  String csrf(String approval, String cookie) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(config.keys().master().derived("approval forms"), "HmacSHA256"));
      String text = approval + "\n" + cookie.substring(cookie.indexOf('=') + 1);
      return java.util.Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  /// Opens the page in a browser in which somebody is signed in.
  Form form(String approval, String cookie) {
    Answer page = send("GET", "/approve/" + approval, null, "Cookie", cookie);
    Matcher csrf = CSRF.matcher(page.body());
    return new Form(approval, csrf.find() ? csrf.group(1) : "none", cookie);
  }

  /// Sends the form.
  Answer submit(Form form, String action, String code) {
    return submit(form, action, Map.of("code", code));
  }

  /// Sends the form with some fields.
  Answer submit(Form form, String action, Map<String, String> more) {
    var fields = new LinkedHashMap<String, String>();
    fields.put("csrf", form.csrf());
    fields.put("action", action);
    fields.putAll(more);
    return send(
        "POST",
        "/approve/" + form.approval(),
        encoded(fields),
        "Content-Type",
        "application/x-www-form-urlencoded",
        "Cookie",
        form.cookie());
  }

  /// Opens the page and answers.
  Answer answerOnPage(String approval, String action, String code) {
    return submit(open(approval), action, code);
  }

  List<MimeMessage> mailsTo(String address) {
    var found = new ArrayList<MimeMessage>();
    for (MimeMessage message : mail.getReceivedMessages()) {
      try {
        if (Arrays.toString(message.getAllRecipients()).contains(address)) {
          found.add(message);
        }
      } catch (MessagingException unreadable) {
        throw new IllegalStateException(unreadable);
      }
    }
    return found;
  }

  static String part(MimeMessage message, int index) {
    try {
      return String.valueOf(((Multipart) message.getContent()).getBodyPart(index).getContent());
    } catch (IOException | MessagingException unreadable) {
      throw new IllegalStateException(unreadable);
    }
  }

  String codeFor(Person person) {
    Matcher code = CODE.matcher(part(mailsTo(person.mail()).getLast(), 0));
    if (!code.find()) {
      throw new IllegalStateException("no code in the mail");
    }
    return seen(code.group(1));
  }

  static String wrong(String code) {
    return code.equals("000000") ? "000001" : "000000";
  }

  /// Everything up to the proof that the person approved.
  String approved(Person person, Answer stepUp) {
    answerOnPage(stepUp.text("approval_id"), "approve", codeFor(person));
    return verification(stepUp).text("assertion");
  }

  // --- the ledger

  List<LedgerEntry> entries(LedgerEvent event, String subject) {
    return ledger.stream()
        .filter(entry -> entry.event() == event && entry.subject().equals(subject))
        .toList();
  }

  List<LedgerEntry> entriesOf(String jti) {
    return ledger.stream().filter(entry -> entry.jti().equals(jti)).toList();
  }

  static ObjectNode claims(String token) {
    return StrictJson.parseObject(
        java.util.Base64.getUrlDecoder().decode(token.split("\\.", -1)[1]));
  }

  static ObjectNode header(String token) {
    return StrictJson.parseObject(
        java.util.Base64.getUrlDecoder().decode(token.split("\\.", -1)[0]));
  }

  @Override
  public void close() {
    box.close();
    database.close();
    mail.stop();
    transmitter.close();
    entra.close();
    okta.close();
  }

  /// Somebody.
  ///
  /// @param key the subject key
  record Person(String key, String id, String mail) {}

  /// The page's form in a browser.
  record Form(String approval, String csrf, String cookie) {}

  /// An answer of the service.
  record Answer(int status, String body, Map<String, List<String>> headers) {
    ObjectNode json() {
      return body.startsWith("{") ? StrictJson.parseObject(body) : StrictJson.object();
    }

    String text(String member) {
      return json().path(member).asString("");
    }

    String header(String name) {
      return headers.getOrDefault(name, List.of("")).getFirst();
    }
  }
}
