package dev.countersign.sts.diagnosis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// `docs/operations/codes.md`, made from [Code].
public final class CodesPage {
  private static final String HEAD =
      """
      # Codes

      Every refusal of the token service ends in a short code, such as `(CSG-0046)`. The caller sees the code and one sentence;
      the ledger has the rest under the same `jti`. This page is what `./countersign explain` knows, written by
      `./countersign explain --markdown`.

          ./countersign explain CSG-0046          # one code
          ./countersign doctor error 'AADSTS...'  # what an error of Entra, Okta or Verify means here
          ./countersign doctor token              # paste a token; it is not logged
          ./countersign doctor idp entra          # compare a trust anchor with what its issuer publishes

      Codes marked *operator* tell how an installation is set up. Callers get the general code in their place.
      """;

  private CodesPage() {}

  /// The whole page.
  public static String markdown() {
    var page = new StringBuilder(HEAD);
    topics()
        .forEach((topic, codes) -> {
          page.append("\n## ").append(topic).append("\n");
          codes.forEach(code -> page.append(entry(code)));
        });
    return page.toString();
  }

  /// What there is to say about one code, for a terminal.
  public static String explain(Code code) {
    return code.text()
        + "  "
        + code.what()
        + (code.trap().isEmpty() ? "" : " [" + code.trap() + "]")
        + "\n  why   "
        + code.cause()
        + "\n  fix   "
        + code.fix()
        + "\n  seen  "
        + (code.audience() == Code.Audience.CALLER
            ? "by callers and operators"
            : "by operators, in the ledger");
  }

  private static Map<String, List<Code>> topics() {
    var topics = new LinkedHashMap<String, List<Code>>();
    Arrays.stream(Code.values())
        .forEach(code -> topics.computeIfAbsent(code.topic(), _ -> new ArrayList<>()).add(code));
    return topics;
  }

  private static String entry(Code code) {
    return "\n### "
        + code.text()
        + "\n\n**"
        + sentence(code.what())
        + "**"
        + (code.audience() == Code.Audience.OPERATOR ? " *operator*" : "")
        + "\n\n- Why: "
        + markdown(code.cause())
        + "\n- Fix: "
        + markdown(code.fix())
        + "\n";
  }

  // Outside of code spans an angle bracket would be a tag.
  private static String markdown(String text) {
    String[] parts = text.split("`", -1);
    for (int i = 0; i < parts.length; i += 2) {
      parts[i] = parts[i].replace("<", "\\<").replace("{", "\\{");
    }
    return String.join("`", parts);
  }

  private static String sentence(String text) {
    String plain = markdown(text);
    return Character.toUpperCase(plain.charAt(0)) + plain.substring(1) + ".";
  }
}
