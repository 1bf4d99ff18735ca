package dev.countersign.sts.box;

import dev.countersign.box.Database;
import dev.countersign.ledger.Ledger;
import dev.countersign.policy.Factor;
import dev.countersign.protocol.http.WireClient;
import dev.countersign.sts.AttributeStore;
import dev.countersign.sts.SmsSettings;
import dev.countersign.sts.StepUpSettings;
import dev.countersign.sts.StsConfig;
import dev.countersign.sts.http.SmsSender;
import dev.countersign.sts.mail.SmtpSender;
import dev.countersign.sts.postgres.PgApprovals;
import dev.countersign.sts.postgres.PgGate;
import dev.countersign.sts.postgres.PgPageVisits;
import dev.countersign.sts.postgres.PgPasskeys;
import dev.countersign.sts.stepup.Answers;
import dev.countersign.sts.stepup.ApprovalDesk;
import dev.countersign.sts.stepup.ApprovalFactor;
import dev.countersign.sts.stepup.ApprovalLedger;
import dev.countersign.sts.stepup.ApprovalWatch;
import dev.countersign.sts.stepup.Approvals;
import dev.countersign.sts.stepup.CodeFactor;
import dev.countersign.sts.stepup.CodeSender;
import dev.countersign.sts.stepup.DeliveryAddresses;
import dev.countersign.sts.stepup.IdpFactor;
import dev.countersign.sts.stepup.Invitations;
import dev.countersign.sts.stepup.OneTimeCodes;
import dev.countersign.sts.stepup.PasskeyFactor;
import dev.countersign.sts.stepup.Passkeys;
import dev.countersign.sts.stepup.StepUpParts;
import dev.countersign.sts.stepup.StepUps;
import dev.countersign.sts.stepup.WebAuthn;
import java.net.URI;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Puts step-up together: the factors that are set up, in their order.
final class StepUpAssembly {
  private final StsConfig config;
  private final Approvals approvals;
  private final DeliveryAddresses addresses;
  private final OneTimeCodes codes;
  private final SmtpSender mail;
  private final WireClient client;
  private final Passkeys passkeys;
  private final @Nullable WebAuthn webAuthn;
  private final ApprovalLedger ledger;
  private final InstantSource clock;

  private StepUpAssembly(
      StsConfig config,
      Approvals approvals,
      Database database,
      SmtpSender mail,
      AttributeStore book,
      WireClient client,
      Function<String, byte[]> keys,
      Ledger ledger,
      InstantSource clock) {
    this.config = config;
    this.approvals = approvals;
    this.addresses =
        new DeliveryAddresses(
            approvals, book, config.stepUp().addressCooling(), keys.apply("delivery addresses"));
    this.codes = new OneTimeCodes(keys.apply("one-time codes"));
    this.mail = mail;
    this.client = client;
    this.passkeys = new PgPasskeys(database);
    this.webAuthn =
        config.stepUp().factors().contains(Factor.PASSKEY) ? new WebAuthn(config.issuer()) : null;
    this.ledger = new ApprovalLedger(ledger);
    this.clock = clock;
  }

  /// @param keys a secret key for each purpose, the same at every replica
  static StepUpParts of(
      StsConfig config,
      Approvals approvals,
      Database database,
      SmtpSender mail,
      AttributeStore book,
      WireClient client,
      Predicate<String> passesCodes,
      Function<String, byte[]> keys,
      Ledger ledger,
      InstantSource clock) {
    var assembly =
        new StepUpAssembly(config, approvals, database, mail, book, client, keys, ledger, clock);
    StepUpSettings settings = config.stepUp();
    List<ApprovalFactor> factors =
        settings.order().stream().map(assembly::factor).flatMap(Optional::stream).toList();
    var stepUps =
        new StepUps(
            config.issuer(),
            settings,
            approvals,
            assembly.addresses,
            factors,
            new Invitations(mail, approvals, assembly.addresses, assembly.ledger, clock),
            assembly.ledger,
            clock);
    return new StepUpParts(
        stepUps,
        new Answers(settings, approvals, factors, stepUps::mayApprove, assembly.ledger, clock),
        new ApprovalWatch(stepUps, clock),
        new PgPageVisits(database),
        assembly.passkeys,
        assembly.webAuthn,
        passesCodes,
        keys.apply("approval forms"));
  }

  private Optional<ApprovalFactor> factor(Factor kind) {
    return switch (kind) {
      case EMAILOTP -> Optional.of(codes(kind, mail));
      case SMSOTP -> {
        SmsSettings sms = config.stepUp().sms();
        yield sms == null
            ? Optional.empty()
            : Optional.of(codes(kind, new SmsSender(sms, client, clock)));
      }
      case PASSKEY ->
          webAuthn == null
              ? Optional.empty()
              : Optional.of(new PasskeyFactor(webAuthn, passkeys, clock));
      case IDP -> Optional.of(new IdpFactor(config.stepUp()));
    };
  }

  private ApprovalFactor codes(Factor kind, CodeSender sender) {
    return new CodeFactor(
        kind,
        sender,
        codes,
        approvals,
        addresses,
        id -> URI.create(config.issuer() + "/approve/" + id),
        config.stepUp().sendsPerHour(),
        ledger,
        clock);
  }

  static ApprovalDesk desk(Database database, Ledger ledger, InstantSource clock) {
    var approvals = new PgApprovals(database, new PgGate(database, "", () -> {}));
    return new ApprovalDesk(approvals, new ApprovalLedger(ledger), clock);
  }
}
