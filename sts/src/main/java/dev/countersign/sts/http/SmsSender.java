package dev.countersign.sts.http;

import dev.countersign.protocol.Digest;
import dev.countersign.protocol.Ids;
import dev.countersign.protocol.Secret;
import dev.countersign.protocol.StrictJson;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.SmsSettings;
import dev.countersign.sts.stepup.Approval;
import dev.countersign.sts.stepup.CodeSender;
import dev.countersign.sts.stepup.CodeText;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Hands codes to a provider of text messages over HTTP. Threads may share it.
public final class SmsSender implements CodeSender {
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final String SIGNATURE = "X-Countersign-Signature";

  private final SmsSettings settings;
  private final WireClient client;
  private final InstantSource clock;

  public SmsSender(SmsSettings settings, WireClient client, InstantSource clock) {
    this.settings = settings;
    this.client = client;
    this.clock = clock;
  }

  @Override
  public void send(String address, Approval approval, URI page, Secret code) {
    String text = CodeText.of(approval, page, code);
    Message message =
        switch (settings.form()) {
          case TWILIO -> form(address, text);
          case WEBHOOK -> signed(address, text, approval);
        };
    try {
      int status =
          client
              .send("POST", settings.address(), message.headers(), message.body(), TIMEOUT)
              .status();
      if (status / 100 != 2) {
        throw new NotSent(reason(status), null);
      }
    } catch (WireClient.WireFailure away) {
      throw new NotSent("the provider of text messages did not answer", away);
    }
  }

  private static String reason(int status) {
    return switch (status) {
      case 401, 403 -> "the provider of text messages refused our sign-in";
      case 429 -> "the provider of text messages takes no more for now";
      default ->
          status / 100 == 4
              ? "the provider of text messages refused the number or the message"
              : "the provider of text messages answered " + status;
    };
  }

  private Message form(String number, String text) {
    var fields = new LinkedHashMap<String, String>();
    fields.put("To", number);
    fields.put("From", String.valueOf(settings.from()));
    fields.put("Body", text);
    String pair = settings.user() + ":" + settings.secret().reveal();
    return new Message(
        Map.of(
            "Content-Type",
            "application/x-www-form-urlencoded",
            "Authorization",
            "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8))),
        fields.entrySet().stream()
            .map(field ->
                field.getKey() + "=" + URLEncoder.encode(field.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&")));
  }

  private Message signed(String number, String text, Approval approval) {
    var json = StrictJson.object().put("to", number).put("text", text);
    if (settings.from() != null) {
      json.put("from", settings.from());
    }
    // Names the message for the provider's own deduplication, without the approval's id.
    json.put("id", Digest.sha256(approval.id() + Ids.random()));
    String body = StrictJson.write(json);
    long at = clock.instant().getEpochSecond();
    return new Message(
        Map.of("Content-Type", "application/json", SIGNATURE, "t=" + at + ",v1=" + mac(at, body)),
        body);
  }

  private String mac(long at, String body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      byte[] key = settings.secret().reveal().getBytes(StandardCharsets.UTF_8);
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return HexFormat.of()
          .formatHex(mac.doFinal((at + "." + body).getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException impossible) {
      throw new IllegalStateException("every Java platform has HMAC-SHA-256", impossible);
    }
  }

  private record Message(Map<String, String> headers, String body) {}
}
