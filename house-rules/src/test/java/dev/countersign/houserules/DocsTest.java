package dev.countersign.houserules;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The pages: their links lead somewhere, and every page can be reached.
class DocsTest {
  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(<?([^)>\\s]+)>?\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#{1,6} +(.+?)\\s*$");
  private static final Pattern CODE = Pattern.compile("(?s)```.*?```|`[^`\\n]*`");

  @Test
  void everyLinkInsideTheRepositoryResolves() {
    var broken = new ArrayList<String>();
    for (Path page : Repository.withExtension("md")) {
      for (String target : links(page)) {
        if (!resolves(page, target)) {
          broken.add(page + " -> " + target);
        }
      }
    }

    assertThat(broken).isEmpty();
  }

  @Test
  void everyPageOfTheDocsIsReachableFromTheReadme() {
    var reached = new TreeSet<Path>();
    reach(Path.of("README.md"), reached);

    assertThat(reached)
        .containsAll(
            Repository.withExtension("md").stream()
                .filter(page -> page.startsWith("docs"))
                .toList());
  }

  @Test
  void decisionsAreNumberedWithoutGapsAndHaveTheirThreeParts() {
    List<Path> decisions =
        Repository.withExtension("md").stream()
            .filter(page -> page.startsWith("docs/decisions"))
            .filter(page -> !page.endsWith("README.md"))
            .toList();

    for (int i = 0; i < decisions.size(); i++) {
      Path page = decisions.get(i);
      assertThat(page.getFileName().toString())
          .startsWith(String.format(Locale.ROOT, "%04d-", i + 1));
      assertThat(Repository.read(page))
          .as(page.toString())
          .contains(
              "## What made us choose",
              "## What we chose and what we left",
              "## What would change our mind");
    }
    assertThat(decisions).isNotEmpty();
  }

  private static void reach(Path page, Set<Path> reached) {
    if (!reached.add(page)) {
      return;
    }
    for (String target : links(page)) {
      Path next = target(page, target);
      if (next.toString().endsWith(".md") && Files.exists(Repository.ROOT.resolve(next))) {
        reach(next, reached);
      }
    }
  }

  /// The links of a page that stay inside the repository.
  private static List<String> links(Path page) {
    String prose = CODE.matcher(Repository.read(page)).replaceAll("");
    return LINK.matcher(prose)
        .results()
        .map(match -> match.group(1))
        .filter(target -> !target.matches("[a-z]+:.*"))
        .toList();
  }

  private static boolean resolves(Path page, String link) {
    Path file = target(page, link);
    if (!Files.exists(Repository.ROOT.resolve(file))) {
      return false;
    }
    int hash = link.indexOf('#');
    return hash < 0 || anchors(file).contains(link.substring(hash + 1));
  }

  private static Path target(Path page, String link) {
    String path = link.replaceFirst("#.*", "");
    if (path.isEmpty()) {
      return page;
    }
    Path folder = page.getParent() == null ? Path.of("") : page.getParent();
    return folder.resolve(path).normalize();
  }

  private static Set<String> anchors(Path page) {
    return HEADING
        .matcher(Repository.read(page))
        .results()
        .map(match ->
            match
                .group(1)
                .toLowerCase(Locale.ROOT)
                .replaceAll("[^\\p{L}\\p{N} _-]", "")
                .replace(' ', '-'))
        .collect(Collectors.toCollection(HashSet::new));
  }
}
