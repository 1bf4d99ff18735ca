package dev.countersign.policy;

import dev.cel.common.ast.CelExpr;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// One compiled `when`. Threads may share it.
final class Condition {
  private final CelRuntime.Program program;
  private final Set<String> reads;

  /// @param reads what the expression reads, by path such as `subject.refund_limit`
  Condition(CelRuntime.Program program, Set<String> reads) {
    this.program = program;
    this.reads = Set.copyOf(reads);
  }

  /// Whether it holds.
  ///
  /// @throws CelEvaluationException if that cannot be said
  boolean holds(Map<String, Object> variables) throws CelEvaluationException {
    Object answer = program.eval(variables);
    if (answer instanceof Boolean holds) {
      return holds;
    }
    throw new IllegalStateException("a condition must be true or false");
  }

  /// What the expression reads, by path.
  Set<String> reads() {
    return reads;
  }

  /// Collects the paths below `roots` that an expression reads.
  static Set<String> reads(CelExpr expression, Set<String> roots) {
    var paths = new TreeSet<String>();
    collect(expression, roots, paths);
    return paths;
  }

  private static void collect(CelExpr expression, Set<String> roots, Set<String> paths) {
    Optional<String> path = path(expression, roots);
    if (path.isPresent()) {
      paths.add(path.get());
      return;
    }
    parts(expression).forEach(part -> collect(part, roots, paths));
  }

  private static Optional<String> path(CelExpr expression, Set<String> roots) {
    return switch (expression.getKind()) {
      case IDENT ->
          roots.contains(expression.ident().name())
              ? Optional.of(expression.ident().name())
              : Optional.empty();
      case SELECT ->
          path(expression.select().operand(), roots)
              .map(operand -> operand + "." + expression.select().field());
      default -> Optional.empty();
    };
  }

  private static List<CelExpr> parts(CelExpr expression) {
    var parts = new ArrayList<CelExpr>();
    switch (expression.getKind()) {
      case SELECT -> parts.add(expression.select().operand());
      case CALL -> {
        expression.call().target().ifPresent(parts::add);
        parts.addAll(expression.call().args());
      }
      case LIST -> parts.addAll(expression.list().elements());
      case MAP ->
          expression
              .map()
              .entries()
              .forEach(entry -> {
                parts.add(entry.key());
                parts.add(entry.value());
              });
      case STRUCT -> expression.struct().entries().forEach(entry -> parts.add(entry.value()));
      case COMPREHENSION -> {
        parts.add(expression.comprehension().iterRange());
        parts.add(expression.comprehension().accuInit());
        parts.add(expression.comprehension().loopCondition());
        parts.add(expression.comprehension().loopStep());
        parts.add(expression.comprehension().result());
      }
      case NOT_SET, CONSTANT, IDENT -> {}
    }
    return parts;
  }
}
