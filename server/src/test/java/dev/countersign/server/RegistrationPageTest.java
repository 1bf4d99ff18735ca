package dev.countersign.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.countersign.console.Provider;
import dev.countersign.server.config.Installation;
import dev.countersign.sts.diagnosis.Errors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/// The page that says how the chat is registered: what it would have people write loads, and the
/// codes are those that `doctor` finds.
class RegistrationPageTest {
  private static final Path PAGE = Path.of("..", "docs", "how-to", "register-the-chat.md");
  private static final Path EXAMPLE = Path.of("..", "examples", "refunds");
  private static final Pattern SNIPPET = Pattern.compile("(?s)```yaml\n(.*?)```");
  private static final Pattern DOCTOR =
      Pattern.compile("doctor error '?([^`']+)'?` \\| `(CSG-[0-9]{4})`");

  @TempDir Path folder = Path.of("");

  @Test
  void theValuesForBothProvidersLoadBesideTheExample() throws IOException {
    Map<String, Object> whole = yaml(Files.readString(EXAMPLE.resolve("countersign.yaml")));
    List<String> snippets = found(SNIPPET).stream().map(found -> found.group(1)).toList();
    assertThat(snippets).hasSize(2);
    snippets.forEach(snippet -> put(whole, yaml(snippet)));
    for (String file : List.of("policy.yaml", "types.yaml", "tools.yaml", "attributes.csv")) {
      Files.copy(EXAMPLE.resolve(file), folder.resolve(file));
    }
    Path database = Files.createDirectory(folder.resolve("database"));
    for (String file : List.of("01_schema.sql", "02_data.sql")) {
      Files.copy(EXAMPLE.resolve("database").resolve(file), database.resolve(file));
    }
    Path file = folder.resolve("countersign.yaml");
    Files.writeString(file, new Dump(DumpSettings.builder().build()).dumpToString(whole));
    var variables = new HashMap<String, String>();
    for (String secret :
        List.of(
            "ENTRA_APPROVAL_SECRET",
            "ENTRA_KILL_SECRET",
            "ENTRA_CHAT_SECRET",
            "OKTA_APPROVAL_SECRET",
            "OKTA_KILL_TOKEN",
            "OKTA_CHAT_SECRET")) {
      variables.put(secret, "0123456789abcdef-" + secret);
    }
    variables.put(ConfigOption.DATA, folder.resolve("data").toString());

    Installation read = Installation.read(file, variables);

    assertThat(read.console().orElseThrow().providers())
        .extracting(Provider::id, provider -> provider.issuer().toString())
        .containsExactly(
            tuple(
                "entra",
                "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"),
            tuple("okta", "https://fabrikam.okta.com/oauth2/default"));
    // People sign in where the anchor's tokens come from.
    assertThat(read.sts().anchors())
        .allSatisfy(anchor ->
            assertThat(read.console().orElseThrow().providers())
                .anyMatch(provider -> provider.issuer().toString().equals(anchor.issuer())));
    assertThat(
            read.console()
                .orElseThrow()
                .redirectUri(read.console().orElseThrow().providers().getFirst()))
        .hasToString("https://chat.example.com/callback/entra");
  }

  @Test
  void theCodesAreThoseThatDoctorFinds() throws IOException {
    List<MatchResult> rows = found(DOCTOR);

    assertThat(rows).hasSizeGreaterThan(7);
    assertThat(rows)
        .allSatisfy(
            row -> assertThat(Errors.in(row.group(1)).getFirst().text()).isEqualTo(row.group(2)));
  }

  private static List<MatchResult> found(Pattern pattern) throws IOException {
    return pattern.matcher(Files.readString(PAGE)).results().toList();
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> yaml(String text) {
    return (Map<String, Object>) new Load(LoadSettings.builder().build()).loadFromString(text);
  }

  /// Section by section; what is said of one provider stands in place of the example's.
  @SuppressWarnings("unchecked")
  private static void put(Map<String, Object> whole, Map<String, Object> part) {
    part.forEach((key, value) -> {
      if (value instanceof Map<?, ?> section
          && whole.get(key) instanceof Map<?, ?> known
          && !List.of("entra", "okta").contains(key)) {
        put((Map<String, Object>) known, (Map<String, Object>) section);
      } else {
        whole.put(key, value);
      }
    });
  }
}
