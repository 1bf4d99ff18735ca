package dev.countersign.broker;

import dev.cel.common.CelAbstractSyntaxTree;
import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.ast.CelExpr.ExprKind.Kind;
import dev.cel.common.navigation.CelNavigableAst;
import dev.cel.common.navigation.CelNavigableExpr;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// One CEL expression over an element, `request` in the expression. What cannot be evaluated does
/// not hold: a missing member, null, a number that is no 64-bit integer, too many steps.
///
/// Threads may share it.
///
/// @spec https://github.com/google/cel-spec CEL
public final class CelCondition {
  private static final String REQUEST = "request";
  private static final CelOptions OPTIONS =
      CelOptions.current()
          .comprehensionMaxIterations(1_000)
          .maxExpressionCodePointSize(4_096)
          .enableHeterogeneousNumericComparisons(true)
          .build();
  private static final CelCompiler COMPILER =
      CelCompilerFactory.standardCelCompilerBuilder()
          .setOptions(OPTIONS)
          .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
          .addVar(REQUEST, MapType.create(SimpleType.STRING, SimpleType.DYN))
          .setResultType(SimpleType.BOOL)
          .build();
  private static final CelRuntime RUNTIME =
      CelRuntimeFactory.plannerRuntimeBuilder().setOptions(OPTIONS).build();

  private final CelRuntime.Program program;

  private CelCondition(CelRuntime.Program program) {
    this.program = program;
  }

  /// Compiles an expression.
  ///
  /// @throws IllegalArgumentException saying where it is wrong
  public static CelCondition of(String expression) {
    try {
      CelAbstractSyntaxTree checked = COMPILER.compile(expression).getAst();
      if (CelNavigableAst.fromAst(checked).getRoot().allNodes().anyMatch(CelCondition::isForeign)) {
        throw new IllegalArgumentException(
            "`condition` must write the pattern of `matches` itself: one that a request brings could"
                + " cost whatever its author likes");
      }
      return new CelCondition(RUNTIME.createProgram(checked));
    } catch (CelValidationException | CelEvaluationException unusable) {
      String first = String.valueOf(unusable.getMessage()).lines().findFirst().orElse("");
      throw new IllegalArgumentException("`condition` cannot be compiled: " + first, unusable);
    }
  }

  /// Whether it is a `matches` whose pattern is not written there.
  private static boolean isForeign(CelNavigableExpr part) {
    return part.getKind() == Kind.CALL
        && part.expr().call().function().equals("matches")
        && part.expr().call().args().getLast().getKind() != Kind.CONSTANT;
  }

  boolean holds(ObjectNode element) {
    try {
      return Boolean.TRUE.equals(program.eval(Map.of(REQUEST, value(element))));
    } catch (CelEvaluationException | Unreadable undecided) {
      return false;
    }
  }

  private static Object value(JsonNode node) throws Unreadable {
    if (node instanceof ObjectNode object) {
      var members = new LinkedHashMap<String, Object>();
      for (Map.Entry<String, JsonNode> member : object.properties()) {
        members.put(member.getKey(), value(member.getValue()));
      }
      return members;
    }
    if (node instanceof ArrayNode array) {
      var items = new ArrayList<Object>();
      for (JsonNode item : array) {
        items.add(value(item));
      }
      return items;
    }
    if (node.isString()) {
      return node.stringValue();
    }
    if (node.isBoolean()) {
      return node.booleanValue();
    }
    if (node.isIntegralNumber() && node.canConvertToLong()) {
      return node.longValue();
    }
    throw new Unreadable();
  }

  /// A value that no condition can speak of.
  private static final class Unreadable extends Exception {
    Unreadable() {
      super("not a text, flag, 64-bit integer, list or map", null, false, false);
    }
  }
}
