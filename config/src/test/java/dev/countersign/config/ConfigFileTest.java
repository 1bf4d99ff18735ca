package dev.countersign.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigFileTest {
  @TempDir Path folder = Path.of("");

  @Test
  void readsValuesWithTheirUnits() throws IOException {
    var problems = new Problems();
    ConfigSection section =
        read(
            "life: 5m\nissuer: https://sts.example\nports: [a, b]\nhost: ${HOST:127.0.0.1}\n",
            problems);

    assertThat(section.duration("life", Duration.ZERO)).isEqualTo(Duration.ofMinutes(5));
    assertThat(section.uri("issuer").getHost()).isEqualTo("sts.example");
    assertThat(section.texts("ports")).containsExactly("a", "b");
    assertThat(section.text("host")).isEqualTo("127.0.0.1");
    section.done();
    assertThat(problems.isEmpty()).isTrue();
  }

  @Test
  void tellsEveryProblemAtOnceWithFileLineKeyAndFix() throws IOException {
    var problems = new Problems();
    ConfigSection section = read("lief: 5m\nnested:\n  port: many\n", problems);
    section.duration("life", Duration.ZERO);
    section.section("nested").integer("port", 0);
    section.uri("issuer");
    section.done();

    var failure = catchThrowableOfType(ConfigException.class, problems::throwIfAny);

    assertThat(failure.problems())
        .hasSize(3)
        .anySatisfy(
            line -> assertThat(line).contains("t.yaml:3: nested.port: must be a whole number"))
        .anySatisfy(line -> assertThat(line).contains("issuer: missing"))
        .anySatisfy(
            line -> assertThat(line).contains("t.yaml:1: lief: unknown key; did you mean `life`?"));
  }

  @Test
  void refusesASecretThatStandsInTheFile() throws IOException {
    var problems = new Problems();
    read("password: hunter2\n", problems).secret("password");

    assertThatThrownBy(problems::throwIfAny)
        .hasMessageContaining("write ${NAME} or file:path")
        .hasMessageNotContaining("hunter2");
  }

  @Test
  void readsASecretFromAFileOrAVariable() throws IOException {
    Files.writeString(folder.resolve("pw"), "from-file\n");
    var problems = new Problems();
    ConfigSection section = read("a: file:pw\nb: ${B}\n", problems);

    assertThat(section.secret("a").reveal()).isEqualTo("from-file");
    assertThat(section.secret("b").reveal()).isEqualTo("from-variable");
    assertThat(problems.isEmpty()).isTrue();
  }

  @Test
  void namesTheLineOfBrokenYamlAndOfADuplicateKey() {
    assertThatThrownBy(() -> read("a: [1\nb: 2\n", new Problems()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("t.yaml:")
        .hasMessageContaining("not valid YAML");
    assertThatThrownBy(() -> read("a: 1\na: 2\n", new Problems()))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("t.yaml:2: a: occurs twice");
  }

  @Test
  void L08_refusesTagsThatWouldBuildObjects() {
    assertThatThrownBy(() -> read("a: !!java.net.URL [x]\n", new Problems()).tree("a"))
        .isInstanceOf(ConfigException.class);
  }

  private ConfigSection read(String yaml, Problems problems) throws IOException {
    Path file = folder.resolve("t.yaml");
    Files.writeString(file, yaml);
    return ConfigFile.read(file, Map.of("B", "from-variable"), problems);
  }
}
