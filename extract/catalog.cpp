#include "reader.hpp"

namespace millrace::extract {

std::span<const Reader> catalog() {
    static const Reader readers[] = {
        {is_mail, read_mail},  // first: what is attached stands in it as it is
        {is_pdf, read_pdf},
        {is_image, read_image},
        {is_office, read_office},
    };
    return readers;
}

}  // namespace millrace::extract
