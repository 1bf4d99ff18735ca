package dev.countersign.policy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The plain part of a condition, answered without CEL: comparisons of integers, texts and flags,
/// joined by and, or and not.
///
/// It is never a second opinion. It answers only where CEL would answer the same; wherever a member
/// is missing, a value is not of its declared type or a sum overflows, it is [Answer#UNSURE], and
/// CEL is asked about the whole condition.
sealed interface Shortcut {
  /// What can be said of a condition.
  enum Answer {
    TRUE,
    FALSE,
    UNSURE;

    static Answer of(boolean holds) {
      return holds ? TRUE : FALSE;
    }
  }

  /// What can be said with these facts.
  Answer answer(Facts facts);

  /// A value within a condition.
  sealed interface Term {
    /// A 64-bit integer, a text, a flag, a list or a map; null where there is none.
    @Nullable Object value(Facts facts);

    /// An integer, a text or a flag; null for everything else.
    default @Nullable Object plain(Facts facts) {
      Object value = value(facts);
      return value instanceof Long || value instanceof String || value instanceof Boolean
          ? value
          : null;
    }
  }

  /// Both hold; one that does not hold is enough for a no, whatever the other is.
  record Both(Shortcut left, Shortcut right) implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      Answer first = left.answer(facts);
      if (first == Answer.FALSE) {
        return first;
      }
      Answer second = right.answer(facts);
      return first == Answer.TRUE || second == Answer.FALSE ? second : Answer.UNSURE;
    }
  }

  /// One holds; that is enough for a yes, whatever the other is.
  record Either(Shortcut left, Shortcut right) implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      Answer first = left.answer(facts);
      if (first == Answer.TRUE) {
        return first;
      }
      Answer second = right.answer(facts);
      return first == Answer.FALSE || second == Answer.TRUE ? second : Answer.UNSURE;
    }
  }

  /// It does not hold.
  record Not(Shortcut condition) implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      return switch (condition.answer(facts)) {
        case TRUE -> Answer.FALSE;
        case FALSE -> Answer.TRUE;
        case UNSURE -> Answer.UNSURE;
      };
    }
  }

  /// A flag is set.
  record Flag(Term flag) implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      return flag.value(facts) instanceof Boolean isSet ? Answer.of(isSet) : Answer.UNSURE;
    }
  }

  /// Two integers compare in one of the allowed ways.
  record Order(Term left, Term right, boolean less, boolean same, boolean greater)
      implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      if (left.value(facts) instanceof Long a && right.value(facts) instanceof Long b) {
        int order = Long.compare(a, b);
        return Answer.of(order < 0 ? less : order == 0 ? same : greater);
      }
      return Answer.UNSURE;
    }
  }

  /// Two integers, texts or flags are the same.
  record Same(Term left, Term right) implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      Object a = left.plain(facts);
      Object b = right.plain(facts);
      return a != null && b != null && a.getClass() == b.getClass()
          ? Answer.of(a.equals(b))
          : Answer.UNSURE;
    }
  }

  /// A value is one of the condition's own.
  record OneOf(Term item, Set<Object> values) implements Shortcut {
    public OneOf {
      values = Set.copyOf(values);
    }

    @Override
    public Answer answer(Facts facts) {
      Object value = item.plain(facts);
      return value != null
              && values.stream().allMatch(other -> other.getClass() == value.getClass())
          ? Answer.of(values.contains(value))
          : Answer.UNSURE;
    }
  }

  /// A value is in a list.
  record In(Term item, Term list) implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      Object value = item.plain(facts);
      if (value == null || !(list.value(facts) instanceof List<?> items)) {
        return Answer.UNSURE;
      }
      boolean isThere = false;
      for (Object one : items) {
        if (one == null || one.getClass() != value.getClass()) {
          return Answer.UNSURE;
        }
        isThere |= one.equals(value);
      }
      return Answer.of(isThere);
    }
  }

  /// A member is there.
  record Has(Term object, String member) implements Shortcut {
    @Override
    public Answer answer(Facts facts) {
      return object.value(facts) instanceof Map<?, ?> members
          ? Answer.of(members.containsKey(member))
          : Answer.UNSURE;
    }
  }

  /// A constant.
  record Constant(Object constant) implements Term {
    @Override
    public Object value(Facts facts) {
      return constant;
    }
  }

  /// Something that other conditions use as well: a path, or a part that CEL computes.
  record Once(int slot, Slots slots, Facts.Look look) implements Term {
    @Override
    public @Nullable Object value(Facts facts) {
      return facts.once(slot, slots.size(), look);
    }
  }

  /// The number of items of a list.
  record Size(Term list) implements Term {
    @Override
    public @Nullable Object value(Facts facts) {
      return list.value(facts) instanceof List<?> items ? (Object) (long) items.size() : null;
    }
  }

  /// A sum, a difference or a product of integers.
  record Computed(char operator, Term left, Term right) implements Term {
    @Override
    public @Nullable Object value(Facts facts) {
      if (left.value(facts) instanceof Long a && right.value(facts) instanceof Long b) {
        try {
          return switch (operator) {
            case '+' -> Math.addExact(a, b);
            case '-' -> Math.subtractExact(a, b);
            case '*' -> Math.multiplyExact(a, b);
            default -> null;
          };
        } catch (ArithmeticException tooGreat) {
          return null;
        }
      }
      return null;
    }
  }
}
