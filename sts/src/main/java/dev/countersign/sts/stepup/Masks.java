package dev.countersign.sts.stepup;

import dev.countersign.policy.Factor;
import dev.countersign.sts.MailAddress;

/// Addresses as others may see them.
final class Masks {
  private static final int SHOWN_DIGITS = 2;

  private Masks() {}

  /// The address with all but what its owner needs to recognize it hidden.
  static String of(Factor factor, String address) {
    return factor == Factor.SMSOTP
        ? "•••" + address.substring(Math.max(0, address.length() - SHOWN_DIGITS))
        : MailAddress.masked(address);
  }
}
