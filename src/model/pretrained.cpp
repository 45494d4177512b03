// SPDX-License-Identifier: Apache-2.0
#include "model/pretrained.h"

#include <algorithm>

#include "core/error.h"
#include "model/import.h"

namespace fixynn {

Pretrained load_pretrained(const std::filesystem::path& path, const MobileNet& target, uint64_t seed) {
  const Import import = import_weights(path);
  const MobileNet& source = import.model.network;
  if (source.alpha != target.alpha) {
    fail_usage(
        "{}: the weights are of alpha {}, the configuration asks for {}; set model.alpha: {} or choose other "
        "weights",
        path.string(), source.alpha, target.alpha, source.alpha);
  }
  Pretrained pretrained;
  pretrained.batch_norm_folded = import.model.batch_norm_folded;
  pretrained.description =
      fmt::format("{}: {}, alpha {}, {} x {} pixels, {}", path.filename().string(), import.kind, source.alpha,
                  source.input_size, source.input_size,
                  import.has_head ? fmt::format("{} classes", source.classes) : "no head");
  pretrained.notes = import.notes;
  for (const std::string& missing : import.missing) pretrained.notes.push_back("Missing " + missing + ".");
  if (source.input_size != target.input_size) {
    pretrained.notes.push_back(
        fmt::format("The weights are of a network for {} x {} pixels; it will see {} x {}.",
                    source.input_size, source.input_size, target.input_size, target.input_size));
  }

  pretrained.parameters = initialise_parameters(target, seed);
  const bool take_head = import.has_head && source.classes == target.classes;
  if (!take_head) {
    pretrained.notes.push_back(
        fmt::format("The head for {} classes is initialised afresh (the weights have {}).", target.classes,
                    import.has_head ? fmt::format("{} classes", source.classes) : "none"));
  }
  // Up to the head, both networks have the same layout: it depends on alpha alone.
  const ParameterLayout layout(target);
  const size_t values = take_head ? layout.value_count : layout.head_weight;
  std::copy_n(import.model.parameters.values.begin(), values, pretrained.parameters.values.begin());
  pretrained.parameters.statistics = import.model.parameters.statistics;
  return pretrained;
}

}  // namespace fixynn
