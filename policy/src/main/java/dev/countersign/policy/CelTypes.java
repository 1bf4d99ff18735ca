package dev.countersign.policy;

import com.google.common.collect.ImmutableCollection;
import com.google.common.collect.ImmutableMap;
import com.google.common.collect.ImmutableSortedSet;
import dev.cel.common.types.CelType;
import dev.cel.common.types.CelTypeProvider;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructType;
import java.util.Optional;

/// The shapes of types, attributes and caps in the words of CEL, so that a misspelt member is a
/// load error. Collects first, then [#provider] hands out what was collected.
final class CelTypes {
  private final ImmutableMap.Builder<String, CelType> structs = ImmutableMap.builder();
  private final ImmutableSortedSet.Builder<String> names = ImmutableSortedSet.naturalOrder();

  /// The CEL type of a shape; its structs become known under `name` and below.
  CelType of(String name, Shape shape) {
    return switch (shape) {
      case Shape.Scalar scalar ->
          switch (scalar) {
            case TEXT -> SimpleType.STRING;
            case INTEGER -> SimpleType.INT;
            case FLAG -> SimpleType.BOOL;
          };
      case Shape.Items(Shape item) -> ListType.create(of(name + "//items", item));
      case Shape.Names(Shape value) ->
          MapType.create(SimpleType.STRING, of(name + "//values", value));
      case Shape.Members members -> struct(name, members);
    };
  }

  private CelType struct(String name, Shape.Members members) {
    var collected = ImmutableMap.<String, CelType>builder();
    members
        .shapes()
        .forEach((member, shape) -> collected.put(member, of(name + Shape.step(member), shape)));
    ImmutableMap<String, CelType> fields = collected.buildOrThrow();
    StructType struct =
        StructType.create(name, fields.keySet(), field -> Optional.ofNullable(fields.get(field)));
    structs.put(name, struct);
    names.addAll(fields.keySet());
    return struct;
  }

  /// Every member name of every struct, for "did you mean".
  ImmutableSortedSet<String> fieldNames() {
    return names.build();
  }

  /// What was collected, for checker and runtime.
  CelTypeProvider provider() {
    return new Provider(structs.buildOrThrow());
  }

  private record Provider(ImmutableMap<String, CelType> structs) implements CelTypeProvider {
    @Override
    public ImmutableCollection<CelType> types() {
      return structs.values();
    }

    @Override
    public Optional<CelType> findType(String name) {
      return Optional.ofNullable(structs.get(name));
    }
  }
}
