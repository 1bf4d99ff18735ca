package dev.countersign.server.config;

import dev.countersign.config.ConfigSection;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.Secret;
import dev.countersign.sts.SignInSettings;
import dev.countersign.sts.SmsSettings;
import dev.countersign.sts.StepUpSettings;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/// Reads `sts.step-up`: limits, factors, how people sign in at the approval page, text messages.
final class StepUpSection {
  private static final List<String> FACTORS = List.of("emailotp", "smsotp", "passkey", "idp");

  private StepUpSection() {}

  static Optional<StepUpSettings> read(ConfigSection sts, ConfigSection section) {
    Optional<StepUpSettings.Limits> limits = limits(sts, section);
    List<Factor> order = factors(section);
    Map<String, SignInSettings> signIns = signIns(sts, section);
    Optional<ConfigSection> sms = section.optionalSection("sms");
    Optional<SmsSettings> provider = sms.flatMap(inner -> sms(sts, inner));
    section.done();
    if (sms.isPresent() && provider.isEmpty()) {
      return Optional.empty();
    }
    return limits.flatMap(known ->
        Sections.checked(
            sts,
            "step-up",
            () -> new StepUpSettings(known, order, signIns, provider.orElse(null))));
  }

  private static Optional<StepUpSettings.Limits> limits(ConfigSection sts, ConfigSection section) {
    var defaults = StepUpSettings.Limits.defaults();
    Duration life = section.duration("approval-lifetime", defaults.approvalLifetime());
    int tries = (int) section.integer("code-tries", defaults.codeTries());
    int prompts = (int) section.integer("prompts-per-hour", defaults.promptsPerHour());
    int strikes = (int) section.integer("strikes", defaults.strikes());
    Duration window = section.duration("strike-window", defaults.strikeWindow());
    int wrong = (int) section.integer("wrong-codes-per-hour", defaults.wrongCodesPerHour());
    int sends = (int) section.integer("sends-per-hour", defaults.sendsPerHour());
    Duration cooling = section.duration("address-cooling", defaults.addressCooling());
    return Sections.checked(
        sts,
        "step-up",
        () ->
            new StepUpSettings.Limits(
                life, tries, prompts, strikes, window, wrong, sends, cooling));
  }

  private static List<Factor> factors(ConfigSection section) {
    List<String> names =
        section.has("factors") ? section.texts("factors") : List.of(Factor.EMAILOTP.code());
    var factors = new ArrayList<Factor>();
    for (String name : names) {
      if (FACTORS.contains(name)) {
        factors.add(Factor.valueOf(name.toUpperCase(Locale.ROOT)));
      } else {
        section.problem("factors", "must be among emailotp, smsotp, passkey and idp");
      }
    }
    return factors;
  }

  private static Map<String, SignInSettings> signIns(ConfigSection sts, ConfigSection section) {
    var signIns = new TreeMap<String, SignInSettings>();
    if (!section.has("sign-in")) {
      return signIns;
    }
    section
        .named("sign-in")
        .forEach((anchor, inner) -> {
          String label = inner.optionalText("label").orElse(anchor);
          String client = inner.text("client-id");
          Optional<Secret> secret = inner.optionalSecret("client-secret");
          List<String> scopes =
              inner.has("scopes") ? inner.texts("scopes") : List.of("openid", "profile");
          String subject = inner.text("subject");
          List<String> strengths = inner.texts("acr-values");
          List<String> contexts = inner.texts("authentication-contexts");
          String groups = inner.optionalText("groups").orElse(SignInSettings.GROUPS);
          String roles = inner.optionalText("roles").orElse(SignInSettings.ROLES);
          inner.done();
          Sections.checked(
                  sts,
                  "step-up",
                  () ->
                      new SignInSettings(
                          label,
                          client,
                          secret.orElse(null),
                          scopes,
                          subject,
                          strengths,
                          contexts,
                          groups,
                          roles))
              .ifPresent(settings -> signIns.put(anchor, settings));
        });
    return signIns;
  }

  private static Optional<SmsSettings> sms(ConfigSection sts, ConfigSection section) {
    String type = section.text("type");
    URI address = section.uri("url");
    Optional<String> from = section.optionalText("from");
    Optional<String> user = section.optionalText("user");
    Secret secret = section.secret("secret");
    section.done();
    if (!List.of("twilio", "webhook").contains(type)) {
      section.problem("type", "must be twilio or webhook");
      return Optional.empty();
    }
    return Sections.checked(
        sts,
        "step-up",
        () ->
            new SmsSettings(
                SmsSettings.Form.valueOf(type.toUpperCase(Locale.ROOT)),
                address,
                from.orElse(null),
                user.orElse(""),
                secret));
  }
}
