package dev.countersign.sts;

import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.InvalidKeyException;
import java.security.Key;
import java.security.MessageDigest;
import java.security.Provider;
import java.security.spec.AlgorithmParameterSpec;
import java.util.concurrent.atomic.AtomicInteger;
import javax.crypto.Mac;
import javax.crypto.MacSpi;
import org.jspecify.annotations.Nullable;

/// The platform's HMAC-SHA-256, counted. The platform makes it by name.
public final class CountedMac extends MacSpi {
  private static final AtomicInteger DONE = new AtomicInteger();
  private static volatile byte[] counted = {};
  private final Mac mac;
  private boolean counts;

  public CountedMac() throws GeneralSecurityException {
    mac = Mac.getInstance("HmacSHA256", "SunJCE");
  }

  /// A provider of it, to be put before all others.
  static Provider provider() {
    return new Counting();
  }

  /// How many were computed with this key meanwhile.
  static int of(byte[] key, Runnable request) {
    counted = key.clone();
    int before = DONE.get();
    request.run();
    return DONE.get() - before;
  }

  @Override
  protected int engineGetMacLength() {
    return mac.getMacLength();
  }

  @Override
  protected void engineInit(Key key, @Nullable AlgorithmParameterSpec parameters)
      throws InvalidKeyException, InvalidAlgorithmParameterException {
    counts = MessageDigest.isEqual(key.getEncoded(), counted);
    mac.init(key);
  }

  @Override
  protected void engineUpdate(byte input) {
    mac.update(input);
  }

  @Override
  protected void engineUpdate(byte[] input, int offset, int length) {
    mac.update(input, offset, length);
  }

  @Override
  protected byte[] engineDoFinal() {
    if (counts) {
      DONE.incrementAndGet();
    }
    return mac.doFinal();
  }

  @Override
  protected void engineReset() {
    mac.reset();
  }

  private static final class Counting extends Provider {
    private static final long serialVersionUID = 1;

    Counting() {
      super("Counting", "1", "counts HMAC-SHA-256");
      put("Mac.HmacSHA256", CountedMac.class.getName());
    }
  }
}
