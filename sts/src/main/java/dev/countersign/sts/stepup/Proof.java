package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What somebody brings to show that the person approves.
public sealed interface Proof {
  /// Whether a proof is of this kind.
  boolean isOf(Factor factor);

  /// The matching number that was typed with it, or empty.
  String number();

  /// The text of a one-time code; it is good for whichever channel brought it.
  record Code(String entered) implements Proof {
    @Override
    public boolean isOf(Factor factor) {
      return factor == Factor.EMAILOTP || factor == Factor.SMSOTP;
    }

    @Override
    public String number() {
      return "";
    }

    @Override
    public String toString() {
      return "Code[redacted]";
    }
  }

  /// What a passkey signed.
  ///
  /// @param response the browser's `PublicKeyCredential` as JSON
  record Passkey(String response, String number) implements Proof {
    @Override
    public boolean isOf(Factor factor) {
      return factor == Factor.PASSKEY;
    }
  }

  /// The person has just authenticated again at their identity provider.
  ///
  /// @param subject who it was
  /// @param askedAt when they were sent there
  /// @param acr what the provider says of the strength, or null
  record FreshSignIn(
      String subject,
      Instant askedAt,
      @Nullable Instant authenticatedAt,
      @Nullable String acr,
      String number)
      implements Proof {
    @Override
    public boolean isOf(Factor factor) {
      return factor == Factor.IDP;
    }
  }
}
