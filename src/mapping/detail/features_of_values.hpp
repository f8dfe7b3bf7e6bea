#pragma once

#include "mapping/detail/prepared.hpp"

namespace millrace::mapping::detail {

/// Are most values of a column numbers, dates, or text?
Sort sort_of_values(const Summary& values);

/// Makes what is compared of values: sets, pieces, quantiles, masks, lengths and kinds, of all fields.
void prepare_values(Prepared& both);

/// Sorts by term and scales to length 1.
void normalise(Vector& vector);

}  // namespace millrace::mapping::detail
