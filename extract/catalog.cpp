#include "reader.hpp"

namespace millrace::extract {

std::span<const Reader> catalog() {
    static const Reader readers[] = {
        {is_pdf, read_pdf},
        {is_image, read_image},
        {is_office, read_office},
        {is_mail, read_mail},
    };
    return readers;
}

}  // namespace millrace::extract
