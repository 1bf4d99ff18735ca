package dev.countersign.gateway.tools;

import java.util.ArrayList;
import java.util.List;

/// What agents may read besides tools, in the order of the file.
public record Material(List<Resource> resources, List<Prompt> prompts) {
  /// Nothing.
  public static final Material NONE = new Material(List.of(), List.of());

  public Material {
    resources = List.copyOf(resources);
    prompts = List.copyOf(prompts);
  }

  /// The guarded calls of servers behind us, which are no tools.
  List<Tool> calls() {
    var calls = new ArrayList<Tool>();
    for (Resource resource : resources) {
      if (resource.source() instanceof Resource.Source.Guarded(Tool tool)
          && tool.work() instanceof Work.Behind) {
        calls.add(tool);
      }
    }
    for (Prompt prompt : prompts) {
      if (prompt.source() instanceof Prompt.Source.Guarded(Tool tool)) {
        calls.add(tool);
      }
    }
    return calls;
  }
}
