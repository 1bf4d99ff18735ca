package dev.countersign.houserules;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import javax.xml.XMLConstants;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.w3c.dom.Element;
import org.xml.sax.SAXException;

/// A module's POM, as far as the house rules read it.
final class Pom {
  private final Element project;

  private Pom(Path file) {
    try {
      var factory = DocumentBuilderFactory.newInstance();
      factory.setFeature(XMLConstants.FEATURE_SECURE_PROCESSING, true);
      project =
          factory
              .newDocumentBuilder()
              .parse(Repository.ROOT.resolve(file).toFile())
              .getDocumentElement();
    } catch (IOException | ParserConfigurationException | SAXException e) {
      throw new IllegalStateException(file + " cannot be read", e);
    }
  }

  static Pom of(String module) {
    return new Pom(Path.of(module, "pom.xml"));
  }

  /// The modules of the reactor, in its order.
  static List<String> modules() {
    Element root = new Pom(Path.of("pom.xml")).project;
    return children(children(root, "modules").getFirst(), "module").stream()
        .map(Element::getTextContent)
        .toList();
  }

  String description() {
    return children(project, "description").stream()
        .map(Element::getTextContent)
        .findFirst()
        .orElse("");
  }

  /// The names of our own modules that this one names in the given scope.
  List<String> houseDependencies(String scope) {
    return dependencies().stream()
        .filter(dependency -> text(dependency, "groupId", "").equals("dev.countersign"))
        .filter(dependency -> text(dependency, "scope", "compile").equals(scope))
        .map(dependency -> text(dependency, "artifactId", ""))
        .toList();
  }

  List<String> artifacts() {
    return dependencies().stream().map(dependency -> text(dependency, "artifactId", "")).toList();
  }

  private List<Element> dependencies() {
    var found = new ArrayList<Element>();
    for (Element list : children(project, "dependencies")) {
      found.addAll(children(list, "dependency"));
    }
    return found;
  }

  private static String text(Element element, String child, String otherwise) {
    List<Element> found = children(element, child);
    return found.isEmpty() ? otherwise : found.getFirst().getTextContent();
  }

  private static List<Element> children(Element element, String name) {
    var found = new ArrayList<Element>();
    for (var node = element.getFirstChild(); node != null; node = node.getNextSibling()) {
      if (node instanceof Element child && child.getTagName().equals(name)) {
        found.add(child);
      }
    }
    return found;
  }
}
